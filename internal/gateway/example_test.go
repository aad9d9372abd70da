package gateway_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"permithub/internal/gateway"
)

// A server that takes signed requests of one source, which is changing its secret: both are live.
func ExampleVerifier() {
	now := func() time.Time { return time.Date(2024, 7, 5, 1, 30, 0, 0, time.UTC) }
	ring, err := gateway.NewKeyring([]gateway.Key{
		{AccessKey: "prov-1", Secret: "until-august", Source: "province"},
		{AccessKey: "prov-1", Secret: "from-july", Source: "province"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	verifier := gateway.Verifier{Lookup: ring.Lookup, Now: now}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key, err := verifier.Verify(r)
		if err != nil {
			gateway.Deny(w, err)
			return
		}
		fmt.Fprintf(w, "hello %s", key.Source)
	})

	for _, secret := range []string{"from-july", "guessed"} {
		req := httptest.NewRequest(http.MethodPost, "/v1/applications", http.NoBody)
		if err := gateway.Sign(req, "prov-1", secret, now()); err != nil {
			fmt.Println(err)
			return
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, req)
		fmt.Println(w.Code, w.Body)
	}
	// Output:
	// 200 hello province
	// 401 {"message":"Invalid signature"}
}
