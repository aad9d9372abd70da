// Package console is the desk's web console: the pages on which officers work.
//
// # What it may do
//
// It shows the list of open cases (internal/worklist) and a person's file, read from the log itself. What an officer does becomes an input by the
// desk's own way (package desk): nothing here changes a case. Every act is shown before it is done, by deciding it on the file as it stands,
// with the very words of the messages. An act carries the version that the officer saw; a file that changed meanwhile refuses it.
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
