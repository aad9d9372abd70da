// Package strictjson reads a JSON body into a Go struct and names everything that encoding/json would let pass.
//
// # What it refuses
//
// Unknown, duplicate and case-variant keys, bad UTF-8 and lone surrogates, data after the document, null, an empty string,
// a value of another type than the field's, a number that does not fit, nesting deeper than [MaxDepth], a body that is too
// large. encoding/json drops or mends each of these silently: {"sex":"1","Sex":"2"} reads as 2, a broken byte as U+FFFD.
//
// # How
//
// encoding/json says whether the bytes are JSON at all; only bytes it accepts are walked. The walk fills the struct and goes on
// after a fault, so that one answer names them all; the pointers of faulty values are blocked in the list, so that
// whoever checks the content afterwards does not report them a second time.
//
// # Supported fields
//
// string kinds, int64, bool, structs, pointers to structs and slices of these. Anything else in the target type panics: it is a
// mistake in the program, which any test of that type shows.
package strictjson

import "permithub/internal/problem"

// MaxDepth is how deep objects and arrays may nest; the bodies of the hub need three levels.
const MaxDepth = 16

// Codes of the envelope and the structure.
var (
	TooLarge         = problem.Code{Name: "body_too_large", Status: 413, ZH: "内容超过 {n} 字节", EN: "the body is over {n} bytes"}
	MediaType        = problem.Code{Name: "media_type", Status: 415, ZH: "内容类型须为 application/json，且不得压缩", EN: "the content type must be application/json, without content coding"}
	ReadFailed       = problem.Syntax("body_incomplete", "内容未能完整接收", "the body did not arrive whole")
	EmptyBody        = problem.Syntax("body_empty", "内容为空", "the body is empty")
	SyntaxError      = problem.Syntax("json_syntax", "不是有效的 JSON（约第 {n} 字节处）", "not valid JSON (near byte {n})")
	TrailingData     = problem.Syntax("trailing_data", "JSON 文档之后还有多余内容", "there is data after the JSON document")
	TooDeep          = problem.Syntax("nesting_too_deep", "嵌套超过 {n} 层", "nested deeper than {n} levels")
	InvalidUTF8      = problem.Syntax("invalid_utf8", "含有无效的 UTF-8 编码或不成对的代理项", "holds bytes that are not UTF-8, or a lone surrogate")
	UnknownKey       = problem.Content("unknown_key", "没有这个字段", "there is no such field")
	DuplicateKey     = problem.Content("duplicate_key", "字段重复出现", "the field stands twice")
	KeyCase          = problem.Content("key_case", "字段名大小写不符，须为小写加下划线", "the field's name differs in case; it is lower case with underscores")
	NullValue        = problem.Content("null_value", "不得为 null；没有内容时请省略该字段", "must not be null; leave the field out instead")
	WrongType        = problem.Content("wrong_type", "值的类型不符", "the value has another type than the field")
	NumberNotInteger = problem.Content("number_not_integer", "须为整数，不带小数和指数", "must be an integer without fraction or exponent")
	NumberRange      = problem.Content("number_range", "数值超出范围", "the number is out of range")
	EmptyString      = problem.Content("empty_string", "不得为空字符串；没有内容时请省略该字段", "must not be an empty string; leave the field out instead")
)

// Codes lists every code that this package may report.
func Codes() []problem.Code {
	return []problem.Code{TooLarge, MediaType, ReadFailed, EmptyBody, SyntaxError, TrailingData, TooDeep, InvalidUTF8, UnknownKey, DuplicateKey, KeyCase,
		NullValue, WrongType, NumberNotInteger, NumberRange, EmptyString}
}
