// Package calendars holds the State Council's holiday notices as data, inside the binary.
//
// # Files
//
// YYYY.json is one year's notice in the holiday-cn layout: the papers by title and number, and every day that the notice
// names, off days and make-up days alike. A day that is not listed follows its weekday. statutory.json holds the days off
// that have a fixed date by law; they stand in for the notice in a year that has none yet.
//
// # A new year
//
// permithub calendar apply puts YYYY.json into the installation's directory (calendar.dir), which is loaded over this one, and records what it
// makes of the open deadlines. A file there replaces the file of the same name here, so that an amended notice needs no release either.
package calendars

import "embed"

// FS holds the notices and the fixed statutory days, at its root.
//
//go:embed *.json
var FS embed.FS
