package telegram

import (
	"slices"
	"time"
)

// joining is how long the updates of an album may take to come.
const joining = 10 * time.Second

// growing tells whether an album at the end of its chat's updates may go on.
func growing(page []arrival, now time.Time) bool {
	for i, u := range page {
		if u.album == "" || now.Sub(u.in.At) > joining {
			continue
		}
		if !slices.ContainsFunc(page[i+1:], func(later arrival) bool { return later.chat == u.chat }) {
			return true
		}
	}
	return false
}

// uncut leaves out of a full page the album whose rest may stand on the next one, with all behind its beginning.
func uncut(page []arrival) []arrival {
	last := map[int64]string{} // chat → album of its last update
	for _, u := range page {
		last[u.chat] = u.album
	}
	for i, u := range page {
		if u.album == "" || last[u.chat] != u.album {
			continue
		}
		if u.album == page[0].album { // it fills the page; then its rest is a message of its own
			continue
		}
		return page[:i]
	}
	return page
}

// join makes one message of each album: that of its first update, with the files and captions of all.
func (a *adapter) join(page []arrival) {
	first := map[string]*arrival{}
	for i := range page {
		u := &page[i]
		if u.album == "" {
			continue
		}
		head := first[u.album]
		if head == nil {
			first[u.album] = u
			if a.reader.first(u.album) == "" {
				a.albums.put(u.album, u.in.Key)
			}
			continue
		}
		head.files = append(head.files, u.files...)
		head.in.Text, head.in.HTML = together([]words{{head.in.Text, head.in.HTML}, u.body})
		// In a group an album is the bot's when any part of it is.
		head.record = head.record || u.record
		u.record = false
	}
}
