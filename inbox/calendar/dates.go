package calendar

import "time"

// dayNumber counts days from 1 January 1970, which is 0.
func dayNumber(y, m, d int) int64 {
	return floor(time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC).Unix(), 24*60*60)
}

func civil(n int64) (y, m, d int) {
	yy, mm, dd := time.Unix(n*24*60*60, 0).UTC().Date()
	return yy, int(mm), dd
}

// The Persian calendar by its rule of 33 years with eight leap years in each, which agrees with the astronomical one (the day on whose noon
// in Iran the sun has passed the equinox) from the year 1178 to 1501, that is until March 2123; from then on single years begin a day off.
// Before each year y>0 lie 365(y-1) days and leapsBefore(y) more; jalaliEpoch is the day number of 1 Farvardin 1 by that count.

var jalaliEpoch = dayNumber(2026, 3, 21) - yearBegins(1405)

func yearBegins(y int) int64 { return 365*int64(y-1) + floor(8*int64(y)+21, 33) }

func jalaliLeap(y int) bool { return yearBegins(y+1)-yearBegins(y) == 366 }

// jalaliDays is how many days a Persian month has.
func jalaliDays(y, m int) int {
	switch {
	case m <= 6:
		return 31
	case m <= 11 || jalaliLeap(y):
		return 30
	}
	return 29
}

// jalali is the Persian date of a day number.
func jalali(n int64) (y, m, d int) {
	n -= jalaliEpoch
	y = int(floor(n*33, 12053)) + 1 // 33 years are 12053 days
	for yearBegins(y) > n {
		y--
	}
	for yearBegins(y+1) <= n {
		y++
	}
	k := int(n - yearBegins(y))
	if k < 186 {
		return y, k/31 + 1, k%31 + 1
	}
	k -= 186
	return y, k/30 + 7, k%30 + 1
}

// ofJalali is the day number of a Persian date.
func ofJalali(y, m, d int) int64 {
	k := (m - 1) * 31
	if m > 6 {
		k = 186 + (m-7)*30
	}
	return jalaliEpoch + yearBegins(y) + int64(k+d-1)
}

// PersianMonth is the date on which the month of the Persian calendar begins that a date is in; both dates are Gregorian.
func PersianMonth(y int, m time.Month, d int) (int, time.Month, int) {
	jy, jm, _ := jalali(dayNumber(y, int(m), d))
	y, mm, d := civil(ofJalali(jy, jm, 1))
	return y, time.Month(mm), d
}

// Persian is the date in the Persian calendar of a Gregorian one.
func Persian(y int, m time.Month, d int) (year, month, day int) {
	return jalali(dayNumber(y, int(m), d))
}

// OfPersian is the Gregorian date of one in the Persian calendar; ok is false when there is no such day, or it is too far away to be meant.
func OfPersian(year, month, day int) (y int, m time.Month, d int, ok bool) {
	if year < 1000 || year > 1600 || month < 1 || month > 12 || day < 1 || day > jalaliDays(year, month) {
		return 0, 0, 0, false
	}
	y, mm, d := civil(ofJalali(year, month, day))
	return y, time.Month(mm), d, true
}
