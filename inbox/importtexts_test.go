package inbox

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tamas/inbox/record"
	"tamas/inbox/sheet"
)

// Every sentence that an import may say of a file or of a row, wherever it is made, has its Persian one.
func TestImportSaysAllInPersian(t *testing.T) {
	files, err := filepath.Glob("import*.go")
	if err != nil {
		t.Fatal(err)
	}
	files = slices.DeleteFunc(files, func(f string) bool { return strings.HasSuffix(f, "_test.go") })
	files = append(files, "record/entry.go", "record/attributes.go", "record/importcustomers.go", "sheet/reader.go")
	// Where a sentence stands: the argument of a call, a field of a literal, what is given to a variable, what a function gives.
	calls := map[string]int{"fail": 3, "choice": 3, "invalid": 1, "refuse": 1, "endImport": 4, "wrong": 1}
	found := 0
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		say := func(at ast.Expr) {
			s, ok := written(at)
			if !ok || s == "" || s == "%s" {
				return
			}
			if strings.HasPrefix(file, "record/") {
				s = strings.ToUpper(s[:1]) + s[1:] + "."
			}
			found++
			s = strings.NewReplacer("%d", "12", "%s", "x", "%q", `"x"`).Replace(s)
			if fa := ImportText("fa", s); fa == s || strings.Contains(fa, "%s") {
				t.Errorf("%s: no Persian for %q (%q)", file, s, fa)
			}
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				return !slices.Contains([]string{"CheckAttributes"}, n.Name.Name) || file != "record/attributes.go"
			case *ast.CallExpr:
				name := ""
				switch f := n.Fun.(type) {
				case *ast.Ident:
					name = f.Name
				case *ast.SelectorExpr:
					name = f.Sel.Name
				}
				at, ok := calls[name]
				if name == "refuse" && len(n.Args) == 1 {
					at = 0
				}
				if name == "wrong" && file == "record/attributes.go" { // of definitions
					return true
				}
				if ok && at < len(n.Args) {
					say(n.Args[at])
				}
			case *ast.KeyValueExpr:
				if k, ok := n.Key.(*ast.Ident); ok && slices.Contains([]string{"Err", "Message", "Reason"}, k.Name) {
					say(n.Value)
				}
			case *ast.AssignStmt:
				for i, to := range n.Lhs {
					if s, ok := to.(*ast.SelectorExpr); ok && s.Sel.Name == "Err" && i < len(n.Rhs) {
						say(n.Rhs[i])
					}
				}
			case *ast.ReturnStmt:
				if file == "record/attributes.go" && len(n.Results) == 2 {
					say(n.Results[1])
				}
			}
			return true
		})
	}
	if found < 80 {
		t.Errorf("%d sentences found: the search for them is broken", found)
	}
}

// written is a text that stands in the source, with %d for numbers that are put together with it.
func written(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if s, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return s, true
		}
	case *ast.BinaryExpr:
		a, _ := written(e.X)
		b, _ := written(e.Y)
		return a + b, a+b != ""
	case *ast.CallExpr:
		if f, ok := e.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Itoa" {
			return "%d", true
		} else if ok && f.Sel.Name == "Sprintf" {
			return written(e.Args[0])
		}
	}
	return "", false
}

func TestImportText(t *testing.T) {
	for en, fa := range map[string]string{
		"It is no number.":                                              "عدد نیست.",
		"It is longer than 60 characters.":                              "بیش از ۶۰ نویسه است.",
		`The columns "a b" and "c" are mapped to the same field.`:       "ستون‌های " + isolate("a b") + " و " + isolate("c") + " هر دو به یک فیلد داده شده‌اند.",
		"The row has 3 fields, the table 2 columns.":                    "این سطر ۳ خانه دارد و جدول ۲ ستون.",
		"A step is one of sent, opened.":                                "گام یکی از این‌هاست: " + isolate("sent, opened") + ".",
		"Something that nobody has translated stays as it is, 12 times": "Something that nobody has translated stays as it is, 12 times",
	} {
		if got := ImportText("fa", en); got != fa {
			t.Errorf("%q: %q, not %q", en, got, fa)
		}
		if got := ImportText("en", en); got != en {
			t.Errorf("%q: %q", en, got)
		}
	}
}

// The file of errors says why in the language of whom it is for, in the file's own form, and is recognised when it is sent again, in whatever language; what
// was wrong the last time is not in the next one.
func TestImportErrorsInTheirLanguage(t *testing.T) {
	eachStore(t, func(t *testing.T, r *rig) {
		h, _ := r.hub()
		for _, form := range []sheet.Format{
			{Kind: sheet.CSV, Encoding: "utf-8", Delimiter: ";", Header: true},
			{Kind: sheet.CSV, Encoding: "windows-1256", Delimiter: ",", Header: true},
			{Kind: sheet.CSV, Encoding: "windows-1252", Delimiter: ",", Header: true},
			{Kind: sheet.CSV, Encoding: "utf-16le", Delimiter: "\t", Header: true, BOM: true},
			{Kind: sheet.JSONL, Encoding: "utf-8"},
		} {
			name, mobile, wanted := "نام مشتری", "موبایل", "«موبایل»: شمارهٔ تلفن نیست."
			switch form.Encoding {
			case "windows-1256":
				name, mobile, wanted = "نام مشتري", "موبايل", "«موبايل»: شماره تلفن نيست."
			case "windows-1252":
				name, mobile, wanted = "Name", "Mobile", "“Mobile”: It is no telephone number."
			}
			var file strings.Builder
			w := sheet.NewWriter(&file, form, []string{name, mobile, "x"})
			w.Row([]string{"Jos" + "\u00e9", "09120000000", "u"})
			w.Row([]string{"Ali", "12", "w"})
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			i := upload(t, h, record.ImportCustomers, file.String())
			if i.Format.Encoding != form.Encoding {
				format := i.Format
				format.Encoding = form.Encoding
				var err error
				if i, err = h.EditImport(t.Context(), i.ID, ImportEdit{Version: i.Version, Format: &format}); err != nil {
					t.Fatal(err)
				}
			}
			mapping := i.Mapping
			mapping["x"] = "city" // what no name tells
			i, err := h.EditImport(t.Context(), i.ID, ImportEdit{Version: i.Version, Mapping: &mapping})
			if err != nil {
				t.Fatal(err)
			}
			ask(t, h, i.ID, "check")
			if i = until(t, h, i.ID, record.ImportChecked); i.Bad != 1 {
				t.Fatalf("%+v: %+v", form, i)
			}
			if list, err := h.ImportErrors(t.Context(), i.ID, "fa", 0, 10); err != nil || len(list) != 1 || list[0].Reasons[0].Message != "شمارهٔ تلفن نیست." {
				t.Errorf("%+v %v", list, err)
			}
			for _, locale := range []string{"fa", "en"} {
				if locale == "en" && wanted[0] != 0xe2 {
					wanted = strings.NewReplacer("«", "“", "»", "”").Replace(wanted[:strings.Index(wanted, ":")]) + ": It is no telephone number."
				}
				var out strings.Builder
				if err := h.WriteImportErrors(t.Context(), i.ID, locale, &out); err != nil {
					t.Fatal(err)
				}
				columns, rows, err := sheet.Table(strings.NewReader(out.String()), i.Format, 10)
				if err != nil || len(rows) != 1 || len(columns) != 4 || rows[0].Fields[slices.IndexFunc(columns, isReason)] != wanted {
					t.Errorf("%+v, %s: %q %+v %v, not %s", form, locale, columns, rows, err, wanted)
				}
				again := upload(t, h, record.ImportCustomers, out.String())
				if form.Encoding == "windows-1252" {
					continue // in so few words nobody could tell that from UTF-8
				}
				if !again.Remembered || again.Mapping["x"] != "city" || len(again.Mapping) != 3 {
					t.Errorf("%+v, %s: %+v", form, locale, again.Mapping)
				}
				ask(t, h, again.ID, "check")
				until(t, h, again.ID, record.ImportChecked)
				var twice strings.Builder
				if err := h.WriteImportErrors(t.Context(), again.ID, "fa", &twice); err != nil {
					t.Fatal(err)
				}
				if columns, _, err := sheet.Table(strings.NewReader(twice.String()), again.Format, 10); err != nil || len(columns) != 4 {
					t.Errorf("%+v, %s: %q %v", form, locale, columns, err)
				}
			}
		}
	})
}
