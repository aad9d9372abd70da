package epermit

import (
	"errors"
	"strings"

	"permithub/schemas"
)

// licenceRoot is the object identifier under which GB/T 36904 puts every electronic licence.
const licenceRoot = "1.2.156.3005.2."

// Lengths of the parts of a licence identifier; a type code is the 18 characters of who defined the type, and 3.
const (
	licenceTypeLen    = 21
	licenceIssuerLen  = 18
	licenceVersionLen = 3
)

const capitalsAndDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

func validLicenceType(s string) bool { return len(s) == licenceTypeLen && of(s, capitalsAndDigits) }

func validLicenceIssuer(s string) bool { return len(s) == licenceIssuerLen && of(s, capitalsAndDigits) }

func of(s, alphabet string) bool { return s != "" && strings.Trim(s, alphabet) == "" }

var (
	errLicenceForm   = errors.New("licence identifier: want 1.2.156.3005.2.type.issuer.serial.version.check")
	errLicenceCheck  = errors.New("licence identifier: the check character is wrong")
	errLicenceType   = errors.New("licence identifier: of another type of licence")
	errLicenceIssuer = errors.New("licence identifier: of another issuer")
)

// checkLicenceID checks an identifier by GB/T 36904: root, five parts, ISO 7064 MOD 37,36 over the parts without dots and root. Where a
// type or an issuer is wanted, it must be that.
func checkLicenceID(id, wantType, wantIssuer string) error {
	rest, ok := strings.CutPrefix(id, licenceRoot)
	parts := strings.Split(rest, ".")
	if !ok || len(parts) != 5 {
		return errLicenceForm
	}
	kind, issuer, serial, version, check := parts[0], parts[1], parts[2], parts[3], parts[4]
	if !validLicenceType(kind) || !validLicenceIssuer(issuer) || !of(serial, capitalsAndDigits) ||
		len(version) != licenceVersionLen || !of(version, "0123456789") || len(check) != 1 {
		return errLicenceForm
	}
	switch {
	case !schemas.Valid37(rest):
		return errLicenceCheck
	case wantType != "" && kind != wantType:
		return errLicenceType
	case wantIssuer != "" && issuer != wantIssuer:
		return errLicenceIssuer
	}
	return nil
}
