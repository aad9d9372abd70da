// Package trace reads the W3C trace context of a request (https://www.w3.org/TR/trace-context/).
package trace

import (
	"net/http"
	"regexp"

	"permithub/schemas"
)

// form is version 00; a caller of a later version must send what a reader of 00 understands, so others are not passed on.
var form = regexp.MustCompile(`^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$`)

// Parent returns the traceparent of a request where there is exactly one and it is well-formed, else "".
func Parent(h http.Header) string {
	if v := h.Values(schemas.HeaderTraceparent); len(v) == 1 {
		return WellFormed(v[0])
	}
	return ""
}

// WellFormed returns traceparent where it is of version 00 and its ids are not all zero, else "": it came from outside and goes into the log.
func WellFormed(traceparent string) string {
	m := form.FindStringSubmatch(traceparent)
	if m == nil || m[1] == "00000000000000000000000000000000" || m[2] == "0000000000000000" {
		return ""
	}
	return traceparent
}
