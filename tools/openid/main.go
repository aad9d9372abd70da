// openid is an OpenID provider for tests of the desk: zitadel's certified library with the storage of its example server, over the users that come in.
//
// It reads one JSON document from standard input ([setup]), prints "issuer URL" and serves until standard input ends.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// setup says who may sign in, and for whom.
type setup struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	// RedirectURLs and SignedOutURLs are where the provider may send browsers.
	RedirectURLs  []string `json:"redirect_urls"`
	SignedOutURLs []string `json:"signed_out_urls"`
	// InToken puts the users' claims into the token; else userinfo alone has them.
	InToken bool `json:"in_token"`
	// Users by their name.
	Users map[string]user `json:"users"`
}

type user struct {
	Password string         `json:"password"`
	Claims   map[string]any `json:"claims"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	in := json.NewDecoder(os.Stdin)
	var s setup
	if err := in.Decode(&s); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	issuer := "http://" + l.Addr().String()
	web := storage.WebClient(s.ClientID, s.ClientSecret, s.RedirectURLs...)
	store := &users{Storage: storage.NewStorageWithClients(named(s.Users), map[string]*storage.Client{s.ClientID: web}), setup: s}
	handler := exampleop.SetupServer(issuer, store, slog.New(slog.DiscardHandler), false)
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	fmt.Println("issuer", issuer)
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := server.Close(); err != nil {
		return err
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// named gives the example's storage its users; a user's name is its subject too.
type named map[string]user

func (n named) GetUserByID(id string) *storage.User {
	u, ok := n[id]
	if !ok {
		return nil
	}
	return &storage.User{ID: id, Username: id, Password: u.Password, FirstName: id, LastName: id}
}

func (n named) GetUserByUsername(name string) *storage.User { return n.GetUserByID(name) }
func (n named) ExampleClientID() string                     { return "service" }

// users adds the claims of the setup to what the example says of a user.
type users struct {
	*storage.Storage
	setup setup
}

// client says where a browser may go after signing out, and whether the token has the claims.
type client struct {
	op.Client
	setup setup
}

func (c client) PostLogoutRedirectURIs() []string     { return c.setup.SignedOutURLs }
func (c client) IDTokenUserinfoClaimsAssertion() bool { return c.setup.InToken }
func (u *users) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	c, err := u.Storage.GetClientByClientID(ctx, id)
	if err != nil {
		return nil, err
	}
	return client{c, u.setup}, nil
}

func (u *users) SetUserinfoFromScopes(ctx context.Context, info *oidc.UserInfo, id, clientID string, scopes []string) error {
	if err := u.Storage.SetUserinfoFromScopes(ctx, info, id, clientID, scopes); err != nil {
		return err
	}
	u.claim(info, id)
	return nil
}

func (u *users) SetUserinfoFromRequest(ctx context.Context, info *oidc.UserInfo, request op.IDTokenRequest, scopes []string) error {
	if err := u.Storage.SetUserinfoFromRequest(ctx, info, request, scopes); err != nil {
		return err
	}
	u.claim(info, request.GetSubject())
	return nil
}

func (u *users) SetUserinfoFromToken(ctx context.Context, info *oidc.UserInfo, tokenID, subject, origin string) error {
	if err := u.Storage.SetUserinfoFromToken(ctx, info, tokenID, subject, origin); err != nil {
		return err
	}
	u.claim(info, subject)
	return nil
}

func (u *users) claim(info *oidc.UserInfo, id string) {
	for name, v := range u.setup.Users[id].Claims {
		info.AppendClaims(name, v)
	}
}
