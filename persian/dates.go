// Package persian has what Persian needs wherever it is read or written: dates of the Iranian calendar, and digits.
// Letters and their spellings are folded where words are compared (inbox/record, channels/sms): each in its own way.
package persian

import "time"

// The Persian calendar by its rule of 33 years with eight leap years in each, which agrees with the astronomical one (the day on whose noon
// in Iran the sun has passed the equinox) from the year 1178 to 1501, that is until March 2123; from then on single years begin a day off.
// Libraries that count by a cycle of 2820 years are wrong sooner: theirs is 1404 for the leap year 1403.
// Before each year y>0 lie 365(y-1) days and those of yearBegins; epoch is the day number of 1 Farvardin 1 by that count.

var epoch = DayNumber(2026, 3, 21) - yearBegins(1405)

func yearBegins(y int) int64 { return 365*int64(y-1) + floor(8*int64(y)+21, 33) }

// Months are their names, Farvardin first.
var Months = [12]string{"فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند"}

// Leap tells whether a year has 366 days.
func Leap(year int) bool { return yearBegins(year+1)-yearBegins(year) == 366 }

// Days is how many days a month has, 1 being Farvardin.
func Days(year, month int) int {
	switch {
	case month <= 6:
		return 31
	case month <= 11 || Leap(year):
		return 30
	}
	return 29
}

// DayNumber counts the days of a Gregorian date from 1 January 1970, which is 0.
func DayNumber(y, m, d int) int64 {
	return floor(time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC).Unix(), 24*60*60)
}

// Gregorian is the Gregorian date of a day number.
func Gregorian(n int64) (y, m, d int) {
	yy, mm, dd := time.Unix(n*24*60*60, 0).UTC().Date()
	return yy, int(mm), dd
}

// Date is the Persian date of a day number.
func Date(n int64) (year, month, day int) {
	n -= epoch
	year = int(floor(n*33, 12053)) + 1 // 33 years are 12053 days
	for yearBegins(year) > n {
		year--
	}
	for yearBegins(year+1) <= n {
		year++
	}
	k := int(n - yearBegins(year))
	if k < 186 {
		return year, k/31 + 1, k%31 + 1
	}
	k -= 186
	return year, k/30 + 7, k%30 + 1
}

// Day is the day number of a Persian date, which must be one.
func Day(year, month, day int) int64 {
	k := (month - 1) * 31
	if month > 6 {
		k = 186 + (month-7)*30
	}
	return epoch + yearBegins(year) + int64(k+day-1)
}

// Of is the Persian date of a Gregorian one.
func Of(y int, m time.Month, d int) (year, month, day int) {
	return Date(DayNumber(y, int(m), d))
}

// ToGregorian is the Gregorian date of a Persian one; ok is false when there is no such day, or it is too far away to be meant.
func ToGregorian(year, month, day int) (y int, m time.Month, d int, ok bool) {
	if year < 1000 || year > 1600 || month < 1 || month > 12 || day < 1 || day > Days(year, month) {
		return 0, 0, 0, false
	}
	y, mm, d := Gregorian(Day(year, month, day))
	return y, time.Month(mm), d, true
}

// MonthOf is the date on which the Persian month begins that a date is in; both dates are Gregorian.
func MonthOf(y int, m time.Month, d int) (int, time.Month, int) {
	year, month, _ := Of(y, m, d)
	y, mm, d := Gregorian(Day(year, month, 1))
	return y, time.Month(mm), d
}

func floor(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
