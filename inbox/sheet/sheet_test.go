package sheet

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/text/transform"
)

func encoded(t testing.TB, f Format, text string) []byte {
	t.Helper()
	out := []byte(text)
	if e := f.encoding(); e != nil {
		var err error
		if out, _, err = transform.Bytes(e.NewEncoder(), out); err != nil {
			t.Fatal(err)
		}
	}
	if f.BOM {
		out = append(slices.Clone(f.bom()), out...)
	}
	return out
}

const persianTable = "نام;موبایل;تاریخ\nعلی رضایی;۰۹۱۲۳۴۵۶۷۸۹;۱۴۰۵/۰۹/۰۱\nسارا;0935 123 4567;1405-9-2\n"

func TestNoTable(t *testing.T) {
	for head, want := range map[string]string{
		"PK\x03\x04\x14\x00": Packed, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\x00": Packed, "\x1F\x8B\x08": Packed, "%PDF-1.4\n": Packed,
		`[{"name": "Sara"}]`: JSONList, "\uFEFF [\n {": JSONList,
		"": "", "name,phone\n": "", `{"name": "Sara"}`: "", "[1],[2]\n": "", "PK,name\n": "", "\xFF\xFEn\x00": "",
	} {
		if got := NoTable([]byte(head)); got != want {
			t.Errorf("%q is %q, want %q", head, got, want)
		}
	}
}

func TestSniff(t *testing.T) {
	latin := "Name,City,Größe\nJörg,Köln,3\nFrançois,Besançon,4\n"
	windowsPersian := strings.NewReplacer("ی", "ي", "۰", "0", "۱", "1", "۲", "2", "۳", "3", "۴", "4", "۵", "5", "۶", "6", "۷", "7", "۸", "8", "۹", "9").Replace(persianTable)
	for _, c := range []struct {
		text string
		want Format
	}{
		{persianTable, Format{CSV, "utf-8", ";", true, false}},
		{persianTable, Format{CSV, "utf-8", ";", true, true}},
		{persianTable, Format{CSV, "utf-16le", ";", true, true}},
		{persianTable, Format{CSV, "utf-16be", ";", true, true}},
		{latin, Format{CSV, "utf-16le", ",", true, false}},
		{windowsPersian, Format{CSV, "windows-1256", ";", true, false}},
		{latin, Format{CSV, "windows-1252", ",", true, false}},
		{strings.ReplaceAll(persianTable, ";", "؛"), Format{CSV, "utf-8", "؛", true, false}},
		{strings.ReplaceAll(persianTable, ";", "،"), Format{CSV, "utf-8", "،", true, false}},
		{strings.ReplaceAll(persianTable, ";", "\t"), Format{CSV, "utf-8", "\t", true, false}},
		{strings.ReplaceAll(persianTable, ";", "|"), Format{CSV, "utf-8", "|", true, false}},
		{"a@b.com;x\nc@d.com;y\n", Format{CSV, "utf-8", ";", false, false}},
		{"name,note\nali,\"one; two; three\"\nsara,\"four; five; six\"\n", Format{CSV, "utf-8", ",", true, false}},
		{"{\"name\":\"علی\"}\n{\"name\":\"x\"}\n", Format{JSONL, "utf-8", "", true, false}},
		{"name\nali\n", Format{CSV, "utf-8", ",", true, false}},
	} {
		if got := Sniff(encoded(t, c.want, c.text), true); got != c.want {
			t.Errorf("%q in %s: %+v", c.text[:10], c.want.Encoding, got)
		}
	}
	// Cut within a letter.
	whole := []byte(strings.Repeat("سلام,دنیا\n", 1000))
	if got := Sniff(whole[:1001], false); got.Encoding != "utf-8" {
		t.Errorf("a cut file is in %s", got.Encoding)
	}
}

func all(t testing.TB, text string, f Format) (rows []Row) {
	t.Helper()
	r := NewReader(strings.NewReader(text), f)
	for {
		row, err := r.Next()
		if err == io.EOF {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
}

var plainCSV = Format{Kind: CSV, Encoding: "utf-8", Delimiter: ","}

func TestRows(t *testing.T) {
	rows := all(t, "a,b\r\n\"x, y\",\"he said \"\"hi\"\"\nand left\"\n\n  \nun\"quoted,\"half\" way\"\rlast,", plainCSV)
	want := [][]string{{"a", "b"}, {"x, y", "he said \"hi\"\nand left"}, {"un\"quoted", "half\" way"}, {"last", ""}}
	if len(rows) != len(want) {
		t.Fatalf("%d rows: %+v", len(rows), rows)
	}
	for i := range want {
		if !slices.Equal(rows[i].Fields, want[i]) || rows[i].Err != "" {
			t.Errorf("row %d: %+v", i, rows[i])
		}
	}
	if rows[2].Number != 5 {
		t.Errorf("the fifth row is called %d", rows[2].Number)
	}
}

func TestBadRowCostsNoOther(t *testing.T) {
	var b strings.Builder
	b.WriteString("id,text\n")
	for i := range 5000 {
		switch i {
		case 7:
			b.WriteString("7,\"never closed\n")
		case 4990:
			b.WriteString("4990,\"nor this\n")
		case 20:
			b.WriteString("20,a,b,c\n")
		case 30:
			b.WriteString("30,\xff\xfe\n")
		case 40:
			b.WriteString("40," + strings.Repeat("x", 2*maxRecord) + "\n")
		default:
			fmt.Fprintf(&b, "%d,text\n", i)
		}
	}
	in, err := Rows(strings.NewReader(b.String()), Format{Kind: CSV, Encoding: "utf-8", Delimiter: ",", Header: true}, []string{"id", "text"})
	if err != nil {
		t.Fatal(err)
	}
	good, bad := 0, []int{}
	for {
		row, err := in.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(row.Fields) != 2 {
			t.Fatalf("row %d is %d wide", row.Number, len(row.Fields))
		}
		if row.Err != "" {
			bad = append(bad, row.Number-2)
		} else {
			good++
		}
	}
	if want := []int{7, 20, 30, 40, 4990}; !slices.Equal(bad, want) || good != 5000-len(want) {
		t.Errorf("%d good ones, bad %v", good, bad)
	}
}

func TestJSONLines(t *testing.T) {
	text := `{"name":"علی","customer":{"phone":"0912","n":1.50},"tags":["a","b"],"deep":[{"x":1}],"vip":true,"none":null}` + "\n\nnot json\n" + `{"other":1}` + "\n"
	columns, rows, err := Table(strings.NewReader(text), Format{Kind: JSONL, Encoding: "utf-8"}, 10)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"name", "customer.phone", "customer.n", "tags", "deep", "vip", "none", "other"}; !slices.Equal(columns, want) {
		t.Errorf("columns %q", columns)
	}
	if want := []string{"علی", "0912", "1.50", "a,b", `[{"x":1}]`, "true", "", ""}; len(rows) != 3 || !slices.Equal(rows[0].Fields, want) {
		t.Errorf("rows %+v", rows)
	}
	if rows[1].Err == "" || rows[1].Number != 3 || rows[2].Fields[7] != "1" {
		t.Errorf("rows %+v", rows[1:])
	}
}

func TestTimes(t *testing.T) {
	tehran, err := time.LoadLocation("Asia/Tehran")
	if err != nil {
		t.Fatal(err)
	}
	at := func(text string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04:05", text, tehran)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		text, way string
		want      time.Time
		day       bool
	}{
		{"۱۴۰۵/۰۹/۰۱", "", at("2026-11-22 00:00:00"), true},
		{"1405-9-1 14:30", "", at("2026-11-22 14:30:00"), false},
		{"۱۴۰۵/۹/۱ ساعت ۱۴:۳۰:۰۵", "", at("2026-11-22 14:30:05"), false},
		{"1 آذر 1405", "", at("2026-11-22 00:00:00"), true},
		{"یکشنبه ۱ آذر ۱۴۰۵، ۲:۳۰ ب.ظ", "", at("2026-11-22 14:30:00"), false},
		{"14050901", "", at("2026-11-22 00:00:00"), true},
		{"01/09/1405", "", at("2026-11-22 00:00:00"), true},
		{"05/09/01", DatesJalali, at("2026-11-22 00:00:00"), true},
		{"1405/12/30", "", time.Time{}, false}, // no leap year
		{"1403/12/30", "", at("2025-03-20 00:00:00"), true},
		{"2026-11-22", "", at("2026-11-22 00:00:00"), true},
		{"20261122", "", at("2026-11-22 00:00:00"), true},
		{"2026-11-22T14:30:00Z", "", at("2026-11-22 18:00:00"), false},
		{"2026-11-22T14:30:00.25+03:30", "", at("2026-11-22 14:30:00").Add(250 * time.Millisecond), false},
		{"2026-11-22 14:30", "", at("2026-11-22 14:30:00"), false},
		{"2026/11/22 2:30 PM", "", at("2026-11-22 14:30:00"), false},
		{"12:05 am 2026-11-22", "", at("2026-11-22 00:05:00"), false},
		{"22.11.2026", "", at("2026-11-22 00:00:00"), true},
		{"3/4/2026", "", at("2026-04-03 00:00:00"), true},
		{"3/4/2026", DatesMDY, at("2026-03-04 00:00:00"), true},
		{"3/14/2026", "", at("2026-03-14 00:00:00"), true},
		{"22 Nov 2026", "", at("2026-11-22 00:00:00"), true},
		{"November 22, 2026 14:30", "", at("2026-11-22 14:30:00"), false},
		{"46348", "", at("2026-11-22 00:00:00"), true},
		{"46348.5", "", at("2026-11-22 12:00:00"), false},
		{"1795340000", "", time.Unix(1795340000, 0), false},
		{"1795340000123", "", time.UnixMilli(1795340000123), false},
		{"1405-09-01T14:30:00+03:30", "", at("2026-11-22 14:30:00"), false},
	} {
		got, day, err := Time(c.text, tehran, c.way)
		if c.want.IsZero() {
			if err == nil {
				t.Errorf("%s is %s", c.text, got)
			}
			continue
		}
		if err != nil || !got.Equal(c.want) || day != c.day {
			t.Errorf("%s (%s): %s %v %v, not %s", c.text, c.way, got, day, err, c.want)
		}
	}
	for _, bad := range []string{"", "soon", "1405/13/01", "1405/07/31", "2026-02-30", "25:00 2026-01-01", "12", "1,5", "2026-11", "05/09/01", "1405/9", "99999999999"} {
		if got, _, err := Time(bad, tehran, ""); err == nil {
			t.Errorf("%q is %s", bad, got)
		}
	}
}

func TestNumbers(t *testing.T) {
	for text, want := range map[string]string{
		"12": "12", "۱۲۳": "123", "١٢٣": "123", "1,234.50": "1234.5", "1.234,5": "1234.5", "۱٬۲۳۴٫۵": "1234.5", "1,234": "1234", "1.5": "1.5", "1,5": "1.5", "1,234,567": "1234567",
		"1.234.567": "1234567", "1 234,5": "1234.5", "-3": "-3", "(12.5)": "-12.5", "۳-": "-3", "0.10": "0.1", "007": "7", "۲٬۵۰۰٬۰۰۰": "2500000", "−4": "-4", "-0": "0", ".5": "0.5", "12,34,567": "1234567",
	} {
		if got, err := Number(text); err != nil || got != want {
			t.Errorf("%s: %q %v, not %s", text, got, err, want)
		}
	}
	for _, bad := range []string{"", "x", "1,23,4", "1..2", "--1", "1e9", "12,3456,7", "+", "-", ".", "1 23"} {
		if got, err := Number(bad); err == nil {
			t.Errorf("%q is %s", bad, got)
		}
	}
}

func TestPhones(t *testing.T) {
	for _, s := range []string{"+989123456789", "00989123456789", "09123456789", "9123456789", "۰۹۱۲۳۴۵۶۷۸۹", "0912 345 6789", "0912-345-6789", "(0912) 3456789", "989123456789", "+۹۸ ۹۱۲ ۳۴۵ ۶۷۸۹",
		"\u200e+98 912 345 6789\u200f", "9123456789.0", "+98 (0)912 345 6789"} {
		if got, err := Phone(s, "IR"); err != nil || got != "+989123456789" {
			t.Errorf("%s: %q %v", s, got, err)
		}
	}
	for _, s := range []string{"", "12", "ali", "9.12346E+09", "a@b.com", "telegram:12"} {
		if got, err := Phone(s, "IR"); err == nil {
			t.Errorf("%q is %s", s, got)
		}
	}
}

func TestYesNoAndAddresses(t *testing.T) {
	for _, s := range []string{"بله", "Yes", "۱", "TRUE", "بلي"} {
		if v, err := Bool(s); err != nil || !v {
			t.Errorf("%s: %v %v", s, v, err)
		}
	}
	for _, s := range []string{"خیر", "No", "۰", "نه"} {
		if v, err := Bool(s); err != nil || v {
			t.Errorf("%s: %v %v", s, v, err)
		}
	}
	if _, err := Bool("maybe"); err == nil {
		t.Error("maybe is an answer")
	}
	for s, want := range map[string]string{" Ali@Example.COM ": "ali@example.com", "Ali <ali@example.com>": "ali@example.com", "ali": "", "a b@c.d": "", "a@b@c.d": "", "a@b": "", "a@b..c": "",
		"'ali@example.com'": "ali@example.com", "<mailto:a@b.c>": "", "0@0.'": "", "a@b.é。": ""} {
		if got, err := Email(s); got != want || err == nil != (want != "") {
			t.Errorf("%s: %q %v", s, got, err)
		}
	}
	if got := List("الف، ب؛ c|d,"); !slices.Equal(got, []string{"الف", "ب", "c", "d"}) {
		t.Errorf("%q", got)
	}
}

// What is written is read as it was, in every format, and nothing in it is a formula.
func TestWrittenIsRead(t *testing.T) {
	columns := []string{"name", "متن"}
	want := [][]string{{"=1+1", "plain"}, {"-12.5", "a \"b\"\nc;,d"}, {"'=x", "+98912"}, {"@x", "سلام"}, {"''", " x"}, {"", "y"}}
	for _, f := range []Format{{CSV, "utf-8", ",", true, true}, {CSV, "utf-16le", ";", true, true}, {CSV, "windows-1256", "\t", true, false}, {JSONL, "utf-8", "", true, false}} {
		var b bytes.Buffer
		w := NewWriter(&b, f, columns)
		for _, row := range want {
			if f.Kind == CSV {
				row = []string{Guard(row[0]), Guard(row[1])}
			}
			w.Row(row)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if got := Sniff(b.Bytes(), true); got != f && f.Kind == CSV {
			t.Errorf("%+v looks like %+v", f, got)
		}
		names, rows, err := Table(bytes.NewReader(b.Bytes()), f, 100)
		if err != nil || len(rows) != len(want) {
			t.Fatalf("%+v: %d rows, %v", f, len(rows), err)
		}
		for i, row := range rows {
			got := make([]string, 2)
			for j, name := range names {
				s := row.Fields[j]
				if f.Kind == CSV {
					if s != "" && strings.IndexByte("=+@", s[0]) >= 0 {
						t.Errorf("%q is a formula", s)
					}
					s = Unguard(s)
				}
				got[slices.Index(columns, name)] = s
			}
			if !slices.Equal(got, want[i]) {
				t.Errorf("%+v: %q, not %q", f, got, want[i])
			}
		}
	}
}

// Whatever the file holds: rows have their width, every row that was written properly comes back, and it ends.
func FuzzRows(f *testing.F) {
	f.Add([]byte(persianTable))
	f.Add([]byte("a,b\n\"x\n,y\",2\r\n3"))
	f.Add([]byte("{\"a\":{\"b\":[1,\"x\"]}}\n{"))
	f.Add([]byte{0xff, 0xfe, 'a', 0, ',', 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		format := Sniff(b, true)
		if !format.Valid() {
			t.Fatalf("%+v", format)
		}
		for _, kind := range []string{CSV, JSONL} {
			format := format
			if format.Kind = kind; format.Delimiter == "" {
				format.Delimiter = ","
			}
			columns, _, err := Table(bytes.NewReader(b), format, 100)
			if err != nil {
				t.Fatal(err)
			}
			in, err := Rows(bytes.NewReader(b), format, columns)
			if err != nil {
				t.Fatal(err)
			}
			last := 0
			for {
				row, err := in.Next()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if columns != nil && len(row.Fields) != len(columns) || row.Number <= last {
					t.Fatalf("row %d of %d: %q", row.Number, len(columns), row.Fields)
				}
				last = row.Number
				for _, s := range row.Fields {
					if !utf8.ValidString(s) {
						t.Fatalf("%q", s)
					}
				}
			}
		}
	})
}

func FuzzWrittenIsRead(f *testing.F) {
	f.Add("=x", "a\"b\n;")
	f.Fuzz(func(t *testing.T, a, b string) {
		a, b = strings.ToValidUTF8(a, "?"), strings.ToValidUTF8(b, "?")
		if strings.TrimSpace(a)+strings.TrimSpace(b) == "" || len(a)+len(b) > maxRecord/4 || strings.Count(a+b, "\n") > 100 {
			return
		}
		format := Format{CSV, "utf-8", ",", true, true}
		var out bytes.Buffer
		w := NewWriter(&out, format, []string{"a", "b"})
		w.Row([]string{Guard(a), Guard(b)})
		w.Row([]string{"x", "y"})
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		_, rows, err := Table(&out, format, 10)
		if err != nil || len(rows) != 2 || Unguard(rows[0].Fields[0]) != a || Unguard(rows[0].Fields[1]) != b {
			t.Fatalf("%q %q: %+v %v", a, b, rows, err)
		}
	})
}

func FuzzValues(f *testing.F) {
	for _, s := range []string{"۱۴۰۵/۰۹/۰۱ 14:30", "1.234,5", "+98 912", "22 nov 2026", "a@b.c", "000000", "0@0.'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, way := range DateWays {
			if at, _, err := Time(s, time.UTC, way); err == nil && (at.Year() < 1799 || at.Year() > 2201) {
				t.Fatalf("%q is %s", s, at)
			}
		}
		if n, err := Number(s); err == nil {
			if again, err := Number(n); err != nil || again != n {
				t.Fatalf("%q is %q, which is %q %v", s, n, again, err)
			}
		}
		if p, err := Phone(s, "IR"); err == nil {
			if again, err := Phone(p, "DE"); err != nil || again != p {
				t.Fatalf("%q is %q, which is %q %v", s, p, again, err)
			}
		}
		if e, err := Email(s); err == nil {
			if again, err := Email(e); err != nil || again != e {
				t.Fatalf("%q is %q, which is %q %v", s, e, again, err)
			}
		}
		_ = List(s)
	})
}

func BenchmarkRows(b *testing.B) {
	var text strings.Builder
	text.WriteString("id,kind,date,phone,name,amount,text\n")
	for i := range 10_000 {
		fmt.Fprintf(&text, "%d,purchase,1405/09/01 14:30,0912%07d,\"علی رضایی\",\"1,250,000\",خرید از فروشگاه\n", i, i)
	}
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		in, _ := Rows(strings.NewReader(text.String()), Format{CSV, "utf-8", ",", true, false}, make([]string, 7))
		n := 0
		for {
			if _, err := in.Next(); err != nil {
				break
			}
			n++
		}
		if n != 10_000 {
			b.Fatal(n)
		}
	}
}
