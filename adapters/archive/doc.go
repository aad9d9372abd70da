// Package archive files the dossier of an application as one JSON manifest in a folder (一人一档，长期妥善保管).
//
// # Layout
//
//	{Dir}/{first two characters of the dossier id}/{dossier id}/{effect id}.json
//
// One folder for each person, one manifest for each application. A file whose name begins with a dot is what a crash left; the next try of
// the same effect removes it.
//
// # Content
//
// The form's outcome without a personal field: ids, hashes of the texts that were shown and signed, the materials' claim checks, the
// facts' and rules' trace, opinions, notices and times. The person's data and the officers' words stay in the case log. The manifest says what was so when the filing was ordered, so that a later try writes the same bytes.
//
// # Delivery
//
// A manifest is durable when [Archive.File] returns: written beside its place, synced, renamed, and the folders synced. Repeating the
// effect finds it and returns the same reference, the SHA-256 of its bytes.
//
// # Errors
//
// fault.Unavailable (archive): the folder is missing, full or not writable. fault.Permanent (archive_conflict): the effect was filed
// before with other content; nothing is overwritten. fault.Permanent (archive_bad_id): ids that make no path.
//
// # Limits
//
// Writes to a file system cannot be cancelled half-way: on a network mount that hangs, File hangs with it.
package archive
