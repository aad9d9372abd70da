package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// counts is the number of tests by how they ended.
type counts struct{ passed, failed, skipped int }

func (c counts) String() string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", c.passed, c.failed, c.skipped)
}

// count counts each test once.
func count(results io.Reader) (counts, error) {
	type key struct{ pkg, test string }
	weight := map[string]int{"skip": 0, "pass": 1, "fail": 2}
	worst := map[key]string{}
	for decoder := json.NewDecoder(results); ; {
		var r result
		err := decoder.Decode(&r)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return counts{}, err
		}
		k := key{r.Package, r.Test}
		if before, known := worst[k]; !known || weight[r.Action] > weight[before] {
			worst[k] = r.Action
		}
	}
	var c counts
	for _, action := range worst {
		switch action {
		case "pass":
			c.passed++
		case "fail":
			c.failed++
		default:
			c.skipped++
		}
	}
	return c, nil
}
