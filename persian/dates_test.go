package persian

import (
	"testing"
	"time"
)

// leapYears are those of the Persian calendar from 1229 to 1500, as the Unicode project's ICU 78 has them (Intl.DateTimeFormat).
var leapYears = []int{
	1230, 1234, 1238, 1243, 1247, 1251, 1255, 1259, 1263, 1267, 1271, 1276, 1280, 1284, 1288, 1292,
	1296, 1300, 1304, 1309, 1313, 1317, 1321, 1325, 1329, 1333, 1337, 1342, 1346, 1350, 1354, 1358,
	1362, 1366, 1370, 1375, 1379, 1383, 1387, 1391, 1395, 1399, 1403, 1408, 1412, 1416, 1420, 1424,
	1428, 1432, 1436, 1441, 1445, 1449, 1453, 1457, 1461, 1465, 1469, 1474, 1478, 1482, 1486, 1490,
	1494, 1498,
}

func TestDates(t *testing.T) {
	is := map[int]bool{}
	for _, y := range leapYears {
		is[y] = true
	}
	n := DayNumber(1850, 3, 21) // 1 Farvardin 1229, likewise
	for y := 1229; y <= 1500; y++ {
		if Leap(y) != is[y] {
			t.Errorf("%d: leap is %v", y, !is[y])
		}
		for m := 1; m <= 12; m++ {
			for d := 1; d <= Days(y, m); d++ {
				if yy, mm, dd := Date(n); yy != y || mm != m || dd != d {
					t.Fatalf("day %d is %d-%d-%d, want %d-%d-%d", n, yy, mm, dd, y, m, d)
				}
				if got := Day(y, m, d); got != n {
					t.Fatalf("%d-%d-%d is day %d, want %d", y, m, d, got, n)
				}
				n++
			}
		}
	}
	for _, k := range []struct{ jy, jm, jd, y, m, d int }{
		{1357, 11, 22, 1979, 2, 11}, {1399, 12, 30, 2021, 3, 20}, {1400, 1, 1, 2021, 3, 21}, {1403, 12, 30, 2025, 3, 20},
		{1404, 1, 1, 2025, 3, 21}, {1405, 1, 1, 2026, 3, 21}, {1408, 12, 30, 2030, 3, 20}, {1300, 1, 1, 1921, 3, 21},
	} {
		if Day(k.jy, k.jm, k.jd) != DayNumber(k.y, k.m, k.d) {
			t.Errorf("%+v: not the same day", k)
		}
	}
	for n := DayNumber(1, 1, 1); n < DayNumber(4000, 1, 1); n += 97 {
		y, m, d := Date(n)
		if Day(y, m, d) != n {
			t.Fatalf("day %d is %d-%d-%d, which is day %d", n, y, m, d, Day(y, m, d))
		}
	}
}

func TestMonthOf(t *testing.T) {
	for _, c := range []struct{ of, begins string }{
		{"2026-11-22", "2026-11-22"}, // 1 Azar 1405
		{"2026-11-21", "2026-10-23"}, // 30 Aban
		{"2026-03-20", "2026-02-20"}, // 29 Esfand 1404
		{"2025-03-20", "2025-02-19"}, // 30 Esfand of a leap year
		{"2025-12-31", "2025-12-22"},
	} {
		of, err := time.Parse(time.DateOnly, c.of)
		if err != nil {
			t.Fatal(err)
		}
		y, m, d := MonthOf(of.Date())
		if got := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Format(time.DateOnly); got != c.begins {
			t.Errorf("the month of %s begins on %s, not %s", c.of, got, c.begins)
		}
	}
}
