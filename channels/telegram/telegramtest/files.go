package telegramtest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// Put stores a file as if somebody had sent it, and returns its file_id.
func (s *Server) Put(f File) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keep(&f).ID
}

// keep gives a file its id. s.mu is held.
func (s *Server) keep(f *File) *File {
	s.nfiles++
	f.ID = fmt.Sprintf("AgAC%s-%d", f.Kind, s.nfiles)
	f.path = fmt.Sprintf("%ss/file_%d", f.Kind, s.nfiles)
	kept := *f
	s.files[f.ID] = &kept
	return f
}

// SayFile makes a user send a file with a caption: a picture as a photo, all else as a document.
func (s *Server) SayFile(from User, caption string, f File) int {
	if f.Kind == "" {
		f.Kind = "document"
		if strings.HasPrefix(f.Type, "image/") {
			f.Kind = "photo"
		}
	}
	fields := s.Media(f)
	if caption != "" {
		fields["caption"] = caption
	}
	return s.SayWith(from, fields)
}

// Media stores a file and gives the fields of a message that carries it.
func (s *Server) Media(f File) map[string]any {
	id := s.Put(f)
	what := map[string]any{"file_id": id, "file_unique_id": "u" + id, "file_size": len(f.Content), "duration": 3, "width": 640, "height": 480,
		"length": 240, "type": "regular", "emoji": "🌷"}
	if f.Name != "" {
		what["file_name"] = f.Name
	}
	if f.Type != "" {
		what["mime_type"] = f.Type
	}
	if f.Kind == "photo" {
		small := s.Put(File{Kind: "photo", Content: []byte("thumb")})
		return map[string]any{"photo": []map[string]any{{"file_id": small, "file_unique_id": "s", "width": 90, "height": 60, "file_size": 5}, what}}
	}
	return map[string]any{f.Kind: what}
}

// FailFile meets the next downloads with the faults, one each.
func (s *Server) FailFile(f ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.badFiles = append(s.badFiles, f...)
}

// OnDownload sets a function that may refuse a download; nil lets it pass.
func (s *Server) OnDownload(f func(File) *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onFile = f
}

func (s *Server) getFile(w http.ResponseWriter, arg func(string) string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.files[arg("file_id")]
	switch {
	case f == nil:
		refuse(w, Fault{Code: 400, Description: "Bad Request: invalid file_id"})
	case len(f.Content) > 20<<20:
		refuse(w, Fault{Code: 400, Description: "Bad Request: file is too big"})
	default:
		answer(w, map[string]any{"file_id": f.ID, "file_unique_id": "u" + f.ID, "file_size": len(f.Content), "file_path": f.path})
	}
}

// download answers /file/bot<token>/<path>.
func (s *Server) download(w http.ResponseWriter, rest string) {
	token, path, _ := strings.Cut(rest, "/")
	s.mu.Lock()
	s.calls["download"]++
	var found *File
	for _, f := range s.files {
		if f.path == path && token == Token {
			found = f
		}
	}
	var fault *Fault
	if len(s.badFiles) > 0 {
		fault = &s.badFiles[0]
		s.badFiles = s.badFiles[1:]
	}
	onFile := s.onFile
	s.mu.Unlock()
	if fault == nil && found != nil && onFile != nil {
		fault = onFile(*found)
	}
	switch {
	case token != Token:
		refuse(w, Fault{Code: 401})
	case found == nil:
		refuse(w, Fault{Code: 404})
	case fault != nil && fault.Cut:
		w.Header().Set("Content-Length", strconv.Itoa(len(found.Content)))
		_, _ = w.Write(found.Content[:len(found.Content)/2])
		panic(http.ErrAbortHandler)
	case fault != nil:
		refuse(w, *fault)
	default:
		w.Header().Set("Content-Length", strconv.Itoa(len(found.Content)))
		_, _ = w.Write(found.Content)
	}
}
