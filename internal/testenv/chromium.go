package testenv

import "os/exec"

// Chromium finds the browser's program.
func Chromium(t T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless-shell"} {
		if p, err := exec.LookPath(name); err == nil {
			return p
		}
	}
	missing(t, "Chromium", "Debian: apt-get install chromium")
	return ""
}
