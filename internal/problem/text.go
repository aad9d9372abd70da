package problem

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Codes of texts, shared by every body.
var (
	Required             = Content("required", "必填", "is required")
	TooLong              = Content("too_long", "长度不得超过 {n} 个字符", "must be at most {n} characters")
	ListTooLong          = Content("list_too_long", "不得超过 {n} 项", "must have at most {n} items")
	DuplicateItem        = Content("duplicate_item", "与前面的项重复", "repeats an earlier item")
	ControlCharacter     = Content("control_character", "含有控制字符或不可见的格式字符", "holds a control character or an invisible format character")
	ReplacementCharacter = Content("replacement_character", "含有替换字符（U+FFFD）或非字符，上游编码转换已丢字", "holds U+FFFD or a noncharacter: an earlier conversion lost a character")
	SurroundingSpace     = Content("surrounding_space", "首尾不得有空白", "must not begin or end with white space")
)

// TextCodes lists the codes of [List.Text], [List.Need] and the checks of lists.
func TextCodes() []Code {
	return []Code{Required, TooLong, ListTooLong, DuplicateItem, ControlCharacter, ReplacementCharacter, SurroundingSpace}
}

// Need notes Required where s is empty, and reports whether there is something to check.
func (l *List) Need(pointer, s string) bool {
	if s == "" {
		l.Add(pointer, Required)
	}
	return s != ""
}

// Text checks a free text of at most limit characters; empty passes. Every character of every script passes that is neither a control
// nor an invisible format character: rare characters, private use (older registers keep them there), the middle dot and variation selectors.
func (l *List) Text(pointer, s string, limit int) {
	if utf8.RuneCountInString(s) > limit {
		l.Add(pointer, TooLong, limit)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }) {
		l.Add(pointer, ControlCharacter)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r == utf8.RuneError || unicode.Is(unicode.Noncharacter_Code_Point, r) }) {
		l.Add(pointer, ReplacementCharacter)
	}
	if strings.TrimSpace(s) != s {
		l.Add(pointer, SurroundingSpace)
	}
}

// Match notes the code where s is not of the form; empty passes.
func (l *List) Match(pointer, s string, form *regexp.Regexp, code Code) {
	if s != "" && !form.MatchString(s) {
		l.Add(pointer, code)
	}
}

// OneOf notes the code where s is none of the values; empty passes.
func (l *List) OneOf(pointer, s string, code Code, values ...string) {
	if s != "" && !slices.Contains(values, s) {
		l.Add(pointer, code)
	}
}

// Items notes ListTooLong where n is over limit.
func (l *List) Items(pointer string, n, limit int) {
	if n > limit {
		l.Add(pointer, ListTooLong, limit)
	}
}
