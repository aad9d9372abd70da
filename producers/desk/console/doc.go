// Package console is the desk's web console: the pages on which officers work.
//
// # What it may do
//
// It shows the list of open cases (internal/worklist) and a person's file, read from the log itself. What an officer does becomes an input by the
// desk's own way (package desk): nothing here changes a case. Every act is shown before it is done, by deciding it on the file as it stands,
// with the very words of the messages. An act carries the version that the officer saw; a file that changed meanwhile refuses it.
//
// # In JSON
//
// What officers do by pages, programs do under /v1, by bearer tokens or by the same sessions (with the session's token in X-CSRF-Token): every operation calls
// what its page calls. The contract is OpenAPI 3.1 at /openapi.json, made from the list of operations that is served. Every refusal is a problem
// (RFC 9457) that names every fault at once.
//
// # Signing in
//
// By a password, at an OpenID provider, or by a trusted proxy's word (package accounts). All begin a session in the same place, with the same entry in the audit
// log; what comes after asks by which way it was only to sign out there too.
//
// # Personal data
//
// Masked, unless revealed for a purpose; what is revealed, searched for, printed or exported is in the audit log before it is shown. No page is
// cached, no address, title or log line carries personal data: searches are posted.
//
// # Protection
//
// Cookies are __Host- cookies; requests from other sites are refused (Fetch metadata), and every form carries the session's token. The
// content policy lets nothing run but the console's own files. Pages work without script; with it they follow the log as it grows.
package console
