package schemas

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
)

// idAlphabet is that of RFC 4648 base32: upper case, and no digit that reads like a letter.
const idAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

var idEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

const (
	dossierLen = 12
	sourceLen  = 4
)

// PersonToken is the keyed pseudonym of a citizen id: 52 base32 characters of HMAC-SHA256(routeKey, citizenID). Keyed, because a
// plain hash of an ID number falls to brute force in under a minute.
func PersonToken(routeKey []byte, citizenID string) string {
	m := hmac.New(sha256.New, routeKey)
	m.Write([]byte(strings.ToUpper(citizenID)))
	return idEncoding.EncodeToString(m.Sum(nil))
}

// DossierID is the short form of a person token: the Kafka key of everything that concerns the person.
func DossierID(personToken string) string { return personToken[:dossierLen] }

// ApplicationNo (申请编号) is the dossier id, 4 characters from (source, source application number), and a check character
// (ISO 7064 MOD 37,36). The same submission always gets the same number, and the number carries its own Kafka key.
func ApplicationNo(dossierID, source, sourceApplicationNo string) string {
	sum := sha256.Sum256([]byte(source + "\x00" + sourceApplicationNo))
	body := dossierID + idEncoding.EncodeToString(sum[:])[:sourceLen]
	return body + string(Check37(body))
}

var errApplicationNo = errors.New("application number: want 17 characters with a correct check character")

// DossierOf returns the dossier id inside an application number, after checking the number.
func DossierOf(applicationNo string) (string, error) {
	const body = dossierLen + sourceLen
	// The check passes over characters that it does not know; a number has none: its dossier id goes into keys.
	if len(applicationNo) != body+1 || strings.Trim(applicationNo[:body], idAlphabet) != "" || !Valid37(applicationNo) {
		return "", errApplicationNo
	}
	return applicationNo[:dossierLen], nil
}

// InputID derives from the source, the source's message id and the kind.
func InputID(source, messageID string, kind InputKind) string {
	sum := sha256.Sum256([]byte(source + "\x00" + messageID + "\x00" + string(kind)))
	return hex.EncodeToString(sum[:16])
}

// EffectID is the idempotency key towards foreign systems, e.g. "K3JQ…-cancel-2".
func EffectID(applicationNo string, kind EffectKind, ordinal int) string {
	return applicationNo + "-" + string(kind) + "-" + strconv.Itoa(ordinal)
}

// ApplicationOf returns the application number inside an effect id.
func ApplicationOf(effectID string) string {
	no, _, _ := strings.Cut(effectID, "-")
	return no
}

// BodyHash is the hex SHA-256 of what was said.
func BodyHash(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
