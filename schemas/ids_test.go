package schemas_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"permithub/schemas"
)

const (
	routeKey = "route-key-of-the-tests"
	nobody   = "11010519491231002X" // the published sample of GB 11643
)

// Ids are in records that are kept for ever, and in foreign systems: they never change.
func TestIDsNeverChange(t *testing.T) {
	token := schemas.PersonToken([]byte(routeKey), nobody)
	no := schemas.ApplicationNo(schemas.DossierID(token), "province", "ZLB-20240910-000001")
	for name, tc := range map[string]struct{ got, want string }{
		"person token":   {token, "3JMBULVG64HXH6X6TT7D36WAKA4CRWPQUO3BDCYUU3ZQJEH7UTNA"},
		"dossier id":     {schemas.DossierID(token), "3JMBULVG64HX"},
		"application no": {no, "3JMBULVG64HX3UM2H"},
		"input id":       {schemas.InputID("province", "ZLB-20240910-000001", schemas.InputSubmission), "c9f911b55b593b04c90c0063b1186a12"},
		"effect id":      {schemas.EffectID(no, schemas.EffectCancel, 2), no + "-cancel-2"},
		"body hash":      {schemas.BodyHash([]byte("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}, // FIPS 180-2, B.1
	} {
		if tc.got != tc.want {
			t.Errorf("%s: got %s, want %s", name, tc.got, tc.want)
		}
	}
}

func TestPersonTokenDependsOnKeyAndNumber(t *testing.T) {
	token := schemas.PersonToken([]byte(routeKey), nobody)
	if got := schemas.PersonToken([]byte(routeKey), strings.ToLower(nobody)); got != token {
		t.Errorf("a lower-case x makes another person: %s, %s", token, got)
	}
	if schemas.PersonToken([]byte("another-route-key"), nobody) == token {
		t.Error("the key makes no difference")
	}
	if strings.Contains(token, nobody) || len(token) != 52 {
		t.Errorf("token %s", token)
	}
}

func TestDossierOf(t *testing.T) {
	for name, tc := range map[string]struct{ no, want string }{
		"right":             {"3JMBULVG64HX3UM2H", "3JMBULVG64HX"},
		"check character":   {"3JMBULVG64HX3UM2I", ""},
		"a letter else":     {"3JMBULVG64HX3UMAH", ""},
		"two changed round": {"J3MBULVG64HX3UM2H", ""},
		"lower case":        {"3jmbulvg64hx3um2h", ""},
		"short":             {"3JMBULVG64HX3UM2", ""},
		"long":              {"3JMBULVG64HX3UM2H0", ""},
		"empty":             {"", ""},
		// The check passes over what is no letter or digit, so these have a right one.
		"dots inside":  {withCheck("3JMBULVG64HX.NS4"), ""},
		"braces":       {withCheck("{3JMBULVG64HX}NS"), ""},
		"digit 1 or 0": {withCheck("TCMGS4B7DSV01NS4"), ""},
		"multi-byte":   {withCheck("3JMBULVG64HX张4"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := schemas.DossierOf(tc.no)
			if got != tc.want || (err == nil) != (tc.want != "") {
				t.Errorf("got %q, error %v; want %q", got, err, tc.want)
			}
			if err != nil && tc.no != "" && strings.Contains(err.Error(), tc.no) {
				t.Errorf("the error repeats what came from outside: %v", err)
			}
		})
	}
}

func withCheck(s string) string { return s + string(schemas.Check37(s)) }

func TestApplicationNoCarriesItsDossier(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dossier := schemas.DossierID(schemas.PersonToken([]byte(routeKey), rapid.String().Draw(t, "citizen id")))
		source, sourceNo := rapid.String().Draw(t, "source"), rapid.String().Draw(t, "number")
		no := schemas.ApplicationNo(dossier, source, sourceNo)
		if again := schemas.ApplicationNo(dossier, source, sourceNo); again != no {
			t.Fatalf("got %s, then %s", no, again)
		}
		if got, err := schemas.DossierOf(no); got != dossier || err != nil {
			t.Fatalf("dossier of %s: %s, %v; want %s", no, got, err, dossier)
		}
		kind := rapid.SampledFrom([]schemas.EffectKind{schemas.EffectVerify, schemas.EffectIssue, schemas.EffectNotify}).Draw(t, "kind")
		if got := schemas.ApplicationOf(schemas.EffectID(no, kind, rapid.IntRange(1, 99).Draw(t, "ordinal"))); got != no {
			t.Fatalf("application of its effect: %s, want %s", got, no)
		}
	})
}

func TestInputIDTellsEveryPartApart(t *testing.T) {
	id := schemas.InputID("province", "1", schemas.InputSubmission)
	for name, other := range map[string]string{
		"source":    schemas.InputID("window", "1", schemas.InputSubmission),
		"message":   schemas.InputID("province", "2", schemas.InputSubmission),
		"kind":      schemas.InputID("province", "1", schemas.InputSupplement),
		"boundary":  schemas.InputID("provinc", "e1", schemas.InputSubmission),
		"boundary2": schemas.InputID("province", "1submission", ""),
	} {
		if other == id {
			t.Errorf("%s makes no difference", name)
		}
	}
}

func TestApplicationOfAnythingElse(t *testing.T) {
	for in, want := range map[string]string{"": "", "none": "none", "-cancel-1": ""} {
		if got := schemas.ApplicationOf(in); got != want {
			t.Errorf("application of %q: %q, want %q", in, got, want)
		}
	}
}
