package inbox

import "time"

// rounds say how often a hub does what nobody asks it for, and how long it waits for others. Tests change them before Run: to have a round
// at once, or none while they do by hand, on a clock of their own, what it does.
type rounds struct {
	alertEvery    time.Duration // to bring alerts in line with what is wrong
	presenceEvery time.Duration // to say who is there, and to look who is not
	continueEvery time.Duration // to send on what nobody has seen in a chat
	waitingEvery  time.Duration // to tell those who wait how they stand
	laterEvery    time.Duration // to send answers where their visitors want them
	scrubEvery    time.Duration // to look for what follows from erasures
	retainEvery   time.Duration // to take away what rules of retention say
	stagesEvery   time.Duration // to look whose stage by rule is another

	leaseTime    time.Duration // for which a lease stands that is not renewed
	recordWait   time.Duration // for an event to be recorded, before a caller hears ErrUnrecorded
	restartAfter time.Duration // of an adapter that stops, the first time
	rereadAfter  time.Duration // of settings, though nobody has said that they changed
	doomedAfter  time.Duration // that what names a blob is recorded
}

func usualRounds() rounds {
	return rounds{
		alertEvery: 2 * time.Second, presenceEvery: 5 * time.Second, continueEvery: 15 * time.Second, waitingEvery: 2 * time.Second, laterEvery: 3 * time.Second,
		scrubEvery: 10 * time.Second, retainEvery: time.Hour, stagesEvery: 10 * time.Second,
		leaseTime: 3 * time.Second, recordWait: 10 * time.Second, restartAfter: 500 * time.Millisecond, rereadAfter: 15 * time.Second, doomedAfter: 2 * time.Minute,
	}
}
