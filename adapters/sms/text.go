package sms

// Lengths of one SMS in UCS-2 units. Six bytes of a long SMS are its header (05 00 03 ref total seq), so each piece holds 3 less.
const (
	singleUnits = 70
	pieceUnits  = 67
)

// Segments returns how many SMS the text needs with its signature.
func Segments(signature, text string) int { return len(Split(signature, text)) }

// Split cuts 【signature】text as it goes over the air: whole where it has at most 70 UTF-16 units, else in pieces of at most 67. A
// surrogate pair is never split. The pieces joined are the text. An empty signature has no brackets.
func Split(signature, text string) []string {
	if signature != "" {
		text = "【" + signature + "】" + text
	}
	if text == "" {
		return nil
	}
	if units(text) <= singleUnits {
		return []string{text}
	}
	var pieces []string
	start, used := 0, 0
	for i, r := range text {
		n := runeUnits(r)
		if used+n > pieceUnits {
			pieces, start, used = append(pieces, text[start:i]), i, 0
		}
		used += n
	}
	return append(pieces, text[start:])
}

func units(text string) int {
	n := 0
	for _, r := range text {
		n += runeUnits(r)
	}
	return n
}

// runeUnits is 2 outside the basic plane: the rare characters of names (CJK extension B) are there.
func runeUnits(r rune) int {
	if r > 0xFFFF {
		return 2
	}
	return 1
}
