package intake

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"permithub/schemas"
)

// Receipt is what the hub signs when it has taken an application: who sent what, and when. No personal fields.
type Receipt struct {
	ApplicationNo       string
	Source              string
	SourceApplicationNo string
	BodySHA256          string // ContentHash of the application
	ReceivedAt          schemas.Time
}

// ReceiptKey signs receipts.
type ReceiptKey struct {
	// ID names the key inside each receipt: letters, digits, - and _. A new key gets a new id; old receipts need the old key.
	ID string
	// Secret is the key of HMAC-SHA256, at least 32 bytes.
	Secret []byte
}

func (k *ReceiptKey) validate() error {
	if k.ID == "" || strings.Trim(k.ID, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_") != "" {
		return errors.New("receipt key: id: want letters, digits, - and _")
	}
	if len(k.Secret) < 32 {
		return errors.New("receipt key: secret: want at least 32 bytes")
	}
	return nil
}

const receiptPrefix = "phr1"

var (
	errReceiptForm      = errors.New("receipt: not of the form phr1.<key id>.<content>.<signature>")
	errReceiptKey       = errors.New("receipt: signed with a key that is not at hand")
	errReceiptSignature = errors.New("receipt: the signature does not fit")
)

// Sign returns the receipt as a token:
//
//	phr1.<key id>.<base64url of content>.<base64url of HMAC-SHA256(secret, "phr1." key id "." content)>
//
// content is the five fields in the order of [Receipt], each followed by a newline, the time as RFC 3339 at +08:00 to the microsecond.
func (k *ReceiptKey) Sign(r Receipt) string {
	content := strings.Join([]string{r.ApplicationNo, r.Source, r.SourceApplicationNo, r.BodySHA256, r.ReceivedAt.String(), ""}, "\n")
	enc := base64.RawURLEncoding
	return strings.Join([]string{receiptPrefix, k.ID, enc.EncodeToString([]byte(content)), enc.EncodeToString(k.mac(content))}, ".")
}

func (k *ReceiptKey) mac(content string) []byte {
	m := hmac.New(sha256.New, k.Secret)
	m.Write([]byte(receiptPrefix + "." + k.ID + "." + content))
	return m.Sum(nil)
}

// VerifyReceipt returns what a receipt says, if one of the keys signed it. It needs nothing but the token, so a dispute about what was
// handed in, and when, can be settled years later and offline.
func VerifyReceipt(token string, keys ...ReceiptKey) (Receipt, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 4 || parts[0] != receiptPrefix {
		return Receipt{}, errReceiptForm
	}
	content, err := base64.RawURLEncoding.Strict().DecodeString(parts[2])
	mac, errMAC := base64.RawURLEncoding.Strict().DecodeString(parts[3])
	if err != nil || errMAC != nil {
		return Receipt{}, errReceiptForm
	}
	for i := range keys {
		if keys[i].ID != parts[1] {
			continue
		}
		if !hmac.Equal(mac, keys[i].mac(string(content))) { // constant time
			return Receipt{}, errReceiptSignature
		}
		return parseReceipt(string(content))
	}
	return Receipt{}, errReceiptKey
}

func parseReceipt(content string) (Receipt, error) {
	f := strings.Split(content, "\n")
	if len(f) != 6 || f[5] != "" {
		return Receipt{}, errReceiptForm
	}
	t, err := time.Parse(time.RFC3339Nano, f[4])
	if err != nil {
		return Receipt{}, fmt.Errorf("%w: its time", errReceiptForm)
	}
	return Receipt{f[0], f[1], f[2], f[3], schemas.At(t)}, nil
}
