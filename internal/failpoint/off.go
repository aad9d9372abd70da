//go:build !failpoint

package failpoint

import "net/http"

// Here is a point. It may be passed from any goroutine.
func Here(Point) {}

// Sent is a point behind an answer: with the tag, what was written to w is sent before it.
func Sent(http.ResponseWriter, Point) {}
