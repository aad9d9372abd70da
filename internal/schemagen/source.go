package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// source is what the generator reads in the package of the types: their text, not their values, because comments and constants are in neither.
type source struct {
	types  map[string]ast.Expr
	docs   map[string]string
	consts []constant
}

// constant is one string constant and the comment beside it.
type constant struct{ name, typ, value, comment string }

// field is one property of an object.
// In an outline some properties are passed over, and of the cases of a file all but the one that the document is about.
const (
	outlineAside = "-"
	outlineOwn   = "own"   // a case, or a list of them
	outlineAbout = "about" // the number of the case that the document is about
)

type field struct {
	name     string // in JSON
	goName   string
	typ      ast.Expr
	doc      string
	optional bool
	omitZero bool   // else, where it is optional, omitempty
	outline  string // what becomes of it in an outline
}

func readSource(dir string) (*source, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", dir, err)
	}
	s := &source{types: map[string]ast.Expr{}, docs: map[string]string{}}
	set := token.NewFileSet()
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") || filepath.Base(name) == codecFile {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		for _, d := range file.Decls {
			if g, ok := d.(*ast.GenDecl); ok {
				s.add(g)
			}
		}
	}
	if len(s.types) == 0 {
		return nil, fmt.Errorf("read %s: %w", dir, os.ErrNotExist)
	}
	return s, nil
}

func (s *source) add(g *ast.GenDecl) {
	for _, spec := range g.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			s.types[spec.Name.Name] = spec.Type
			doc := spec.Doc
			if doc == nil {
				doc = g.Doc
			}
			s.docs[spec.Name.Name] = text(doc)
		case *ast.ValueSpec:
			if g.Tok == token.CONST {
				s.addConst(spec)
			}
		}
	}
}

func (s *source) addConst(spec *ast.ValueSpec) {
	typ := ""
	if id, ok := spec.Type.(*ast.Ident); ok {
		typ = id.Name
	}
	for i, name := range spec.Names {
		if i >= len(spec.Values) {
			return
		}
		lit, ok := spec.Values[i].(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			continue
		}
		if value, err := strconv.Unquote(lit.Value); err == nil {
			s.consts = append(s.consts, constant{name.Name, typ, value, text(spec.Comment)})
		}
	}
}

// ofType returns the constants of a named type, in the order of the source.
func (s *source) ofType(name string) []constant {
	var list []constant
	for _, c := range s.consts {
		if c.typ == name {
			list = append(list, c)
		}
	}
	return list
}

// withPrefix returns the untyped constants whose names begin with prefix and a capital.
func (s *source) withPrefix(prefix string) []constant {
	var list []constant
	for _, c := range s.consts {
		rest, ok := strings.CutPrefix(c.name, prefix)
		if ok && c.typ == "" && rest != "" && rest[0] >= 'A' && rest[0] <= 'Z' {
			list = append(list, c)
		}
	}
	return list
}

// fields returns the properties of a struct in the order in which encoding/json writes them.
func (s *source) fields(name string) ([]field, error) {
	st, ok := s.types[name].(*ast.StructType)
	if !ok {
		return nil, fmt.Errorf("type %s is not a struct of the package", name)
	}
	var list []field
	for _, f := range st.Fields.List {
		if len(f.Names) == 0 {
			embedded, err := s.fields(f.Type.(*ast.Ident).Name)
			if err != nil {
				return nil, err
			}
			list = append(list, embedded...)
			continue
		}
		for _, n := range f.Names {
			made, err := newField(name, n.Name, f)
			if err != nil {
				return nil, err
			}
			list = append(list, made)
		}
	}
	return list, nil
}

func newField(owner, goName string, f *ast.Field) (field, error) {
	name := owner + "." + goName
	if f.Tag == nil {
		return field{}, fmt.Errorf("field %s travels without a json name", name)
	}
	tag, err := strconv.Unquote(f.Tag.Value)
	if err != nil {
		return field{}, fmt.Errorf("field %s: %w", name, err)
	}
	key, options, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
	doc := text(f.Doc)
	if doc == "" {
		doc = text(f.Comment)
	}
	if key == "" || doc == "" {
		return field{}, fmt.Errorf("field %s travels without a json name or a comment", name)
	}
	return field{name: key, goName: goName, typ: f.Type, doc: doc, optional: strings.Contains(options, "omit"), omitZero: options == "omitzero",
		outline: reflect.StructTag(tag).Get("outline")}, nil
}

var docLink = regexp.MustCompile(`\[([A-Z]\w*(?:\.\w+)?)\]`)

// text is a comment as one line.
func text(c *ast.CommentGroup) string {
	return docLink.ReplaceAllString(strings.Join(strings.Fields(c.Text()), " "), "$1")
}
