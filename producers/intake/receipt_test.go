package intake

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"permithub/schemas"
)

func TestReceiptFaults(t *testing.T) {
	k := ReceiptKey{ID: "k1", Secret: []byte("a receipt key for tests, 32 bytes")}
	token := k.Sign(Receipt{"3ZCLYTDTCLFJ2LDFF", "province", "ZLB-1", strings.Repeat("0", 64), schemas.At(noon.Add(123456 * time.Microsecond))})
	parts := strings.Split(token, ".")
	for name, tc := range map[string]struct {
		token string
		keys  []ReceiptKey
		want  error
	}{
		"good":             {token, []ReceiptKey{k}, nil},
		"among others":     {token, []ReceiptKey{{ID: "k2", Secret: k.Secret}, k}, nil},
		"no key":           {token, nil, errReceiptKey},
		"other key id":     {strings.Replace(token, ".k1.", ".k2.", 1), []ReceiptKey{k, {ID: "k2", Secret: k.Secret}}, errReceiptSignature},
		"other secret":     {token, []ReceiptKey{{ID: "k1", Secret: []byte("another receipt key, also 32 bytes")}}, errReceiptSignature},
		"other content":    {strings.Join([]string{parts[0], parts[1], parts[2][:8] + "A" + parts[2][9:], parts[3]}, "."), []ReceiptKey{k}, errReceiptSignature},
		"no signature":     {strings.Join(parts[:3], "."), []ReceiptKey{k}, errReceiptForm},
		"bits at the end":  {token[:len(token)-1] + "_", []ReceiptKey{k}, errReceiptForm},
		"another version":  {"phr2" + token[4:], []ReceiptKey{k}, errReceiptForm},
		"something else":   {"", []ReceiptKey{k}, errReceiptForm},
		"not even base64":  {"phr1.k1.!.!", []ReceiptKey{k}, errReceiptForm},
		"empty and signed": {"phr1.k1..", []ReceiptKey{k}, errReceiptSignature},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := VerifyReceipt(tc.token, tc.keys...)
			if !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
			if tc.want == nil && !r.ReceivedAt.Equal(noon.Add(123456*time.Microsecond)) {
				t.Errorf("received at: got %s", r.ReceivedAt)
			}
		})
	}
}

func ExampleVerifyReceipt() {
	key := ReceiptKey{ID: "2024-07", Secret: []byte("a receipt key for tests, 32 bytes")}
	token := key.Sign(Receipt{
		ApplicationNo: "3ZCLYTDTCLFJ2LDFF", Source: "province", SourceApplicationNo: "ZLB-20240704-000001",
		BodySHA256: "c7b34aec799f0cd804ba8ccd5cd7b3195c031be0c93137864bf2300f023fc9aa", ReceivedAt: schemas.At(noon),
	})
	r, err := VerifyReceipt(token, key)
	fmt.Println(r.ApplicationNo, r.SourceApplicationNo, r.ReceivedAt, err)
	// Output: 3ZCLYTDTCLFJ2LDFF ZLB-20240704-000001 2024-07-04T12:00:00+08:00 <nil>
}
