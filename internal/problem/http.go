package problem

import (
	"net/http"
	"time"
)

// Busy answers a request beyond those that are at work.
var Busy = New(http.StatusServiceUnavailable, "busy", "系统繁忙", "Busy").
	Explained("同时处理的请求已达上限，请稍后重试", "too many requests are at work; try again").RetryIn(time.Second)

var methodNotAllowed = New(http.StatusMethodNotAllowed, "method-not-allowed", "不支持这种请求方法", "Method not allowed")

// OnlyMethod answers a path that is called with another method than the one it has.
func OnlyMethod(method string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", method)
		methodNotAllowed.Write(w)
	})
}
