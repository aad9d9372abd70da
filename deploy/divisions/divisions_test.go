package divisions

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestEveryLineIsATownship(t *testing.T) {
	all := Townships()
	if want := strings.Count(townshipTSV, "\n") - 1; len(all) != want || want != 9 {
		t.Errorf("%d townships in %d lines, want 9", len(all), want)
	}
	form := map[string]*regexp.Regexp{"code": regexp.MustCompile(`^330424[0-9]{3}$`), "name": regexp.MustCompile(`^\p{Han}+(街道|镇)$`), "english": regexp.MustCompile(`^[A-Z][a-z]+$`)}
	for _, x := range all {
		if !form["code"].MatchString(x.Code) || !form["name"].MatchString(x.Name) || !form["english"].MatchString(x.English) {
			t.Errorf("%+v", x)
		}
		if got, ok := Find(x.Code); !ok || got != x {
			t.Errorf("found %+v for %s", got, x.Code)
		}
	}
	if !slices.IsSortedFunc(all, func(a, b Township) int { return strings.Compare(a.Code, b.Code) }) {
		t.Error("the codes are in no order")
	}
	if _, ok := Find("330424999"); ok {
		t.Error("found what there is not")
	}
	all[0].Name = "changed"
	if Townships()[0].Name == "changed" {
		t.Error("the table is the caller's")
	}
}
