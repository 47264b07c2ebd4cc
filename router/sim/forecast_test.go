package sim

import (
	"testing"
	"time"

	"tamas/inbox/record"
)

func TestForecastByHourOfWeek(t *testing.T) {
	tehran, err := time.LoadLocation("Asia/Tehran")
	if err != nil {
		t.Fatal(err)
	}
	until := time.Date(2026, 11, 21, 12, 0, 0, 0, tehran) // a Saturday
	var at []record.Millis
	for week := range 5 { // the fifth week back is not asked for
		monday := time.Date(2026, 11, 16, 10, 15, 0, 0, tehran).AddDate(0, 0, -7*week)
		for range 8 {
			at = append(at, record.At(monday))
		}
		at = append(at, record.At(monday.Add(20*time.Minute)))
	}
	f := Expect(at, record.At(until), 4, tehran)
	slot := 1*48 + 20
	if f.Volume[slot] != 8 || f.Volume[slot+1] != 1 {
		t.Errorf("Monday 10:00 brings %v, 10:30 %v, want 8 and 1", f.Volume[slot], f.Volume[slot+1])
	}
	sum := 0.0
	for _, v := range f.Volume {
		sum += v
	}
	if sum != 9 {
		t.Errorf("a week brings %v, want 9", sum)
	}
}

func TestStaffing(t *testing.T) {
	var f Forecast
	f.Volume[10], f.Volume[11] = 100, 0.5
	list := f.Staff(Promise{AHT: 3 * time.Minute, Target: 20 * time.Second, Level: 0.8})
	if list[10].Agents != 14 || list[11].Agents != 1 || list[12].Agents != 0 || list[12].Level != 1 {
		t.Errorf("%+v %+v %+v", list[10], list[11], list[12])
	}
	// Two at once: half the agents, rounded up, and the promise is kept.
	list = f.Staff(Promise{AHT: 3 * time.Minute, Target: 20 * time.Second, Level: 0.8, At: 3})
	if list[10].Agents != 5 || list[10].Level < 0.8 {
		t.Errorf("%+v", list[10])
	}
	// Who may leave need not all be answered: fewer agents do.
	if o := f.Staff(Promise{AHT: 3 * time.Minute, Patience: time.Minute, Target: 20 * time.Second, Level: 0.8})[10]; o.Agents >= 14 || o.Level < 0.8 {
		t.Errorf("%+v", o)
	}
}
