package email

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	"golang.org/x/oauth2/endpoints"
)

// tokens fetches access tokens and keeps the current one, in memory alone.
type tokens struct {
	client *http.Client
	fetch  func(ctx context.Context, refresh string) (*oauth2.Token, error)

	mu      sync.Mutex
	refresh string // as the settings or the server's last answer gave it
	current *oauth2.Token
}

func newTokens(set Settings, client *http.Client) *tokens {
	t := &tokens{client: client, refresh: set.RefreshToken}
	endpoint, scopes := oauth2.Endpoint{TokenURL: set.TokenURL}, set.Scopes
	switch set.Auth {
	case byGoogle:
		endpoint, scopes = endpoints.Google, nil // the refresh token's own
	case byMicrosoft:
		endpoint = endpoints.AzureAD(orDefault(set.Tenant, "common"))
		scopes = []string{"https://outlook.office.com/IMAP.AccessAsUser.All", "https://outlook.office.com/SMTP.Send", "offline_access"}
		if set.RefreshToken == "" {
			scopes = []string{"https://outlook.office365.com/.default"}
		}
	}
	if set.TokenURL != "" { // also a sovereign cloud of Microsoft's, and the double of the tests
		endpoint.TokenURL = set.TokenURL
	}
	if set.RefreshToken == "" {
		app := &clientcredentials.Config{ClientID: set.ClientID, ClientSecret: set.ClientSecret, TokenURL: endpoint.TokenURL, Scopes: scopes}
		t.fetch = func(ctx context.Context, _ string) (*oauth2.Token, error) { return app.Token(ctx) }
		return t
	}
	user := &oauth2.Config{ClientID: set.ClientID, ClientSecret: set.ClientSecret, Endpoint: endpoint, Scopes: scopes}
	t.fetch = func(ctx context.Context, refresh string) (*oauth2.Token, error) {
		return user.TokenSource(ctx, &oauth2.Token{RefreshToken: refresh}).Token()
	}
	return t
}

// access is a token that is good for a while. Its error is a *refusal when somebody has to do something.
func (t *tokens) access(ctx context.Context) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current.Valid() {
		return t.current.AccessToken, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if t.client != nil {
		ctx = context.WithValue(ctx, oauth2.HTTPClient, t.client)
	}
	tok, err := t.fetch(ctx, t.refresh)
	if err != nil {
		return "", tokenFailure(err)
	}
	if tok.RefreshToken != "" {
		t.refresh = tok.RefreshToken
	}
	t.current = tok
	return tok.AccessToken, nil
}

// spoiled forgets a token that a server did not take, so that the next login asks for another.
func (t *tokens) spoiled(access string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current != nil && t.current.AccessToken == access {
		t.current = nil
	}
}

// secrets are what must be in no text.
func (t *tokens) secrets() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := []string{t.refresh}
	if t.current != nil {
		out = append(out, t.current.AccessToken)
	}
	return out
}

// tokenFailure puts the token endpoint's answer into plain words. Its body is never shown: it may hold tokens.
func tokenFailure(err error) error {
	var said *oauth2.RetrieveError
	if !errors.As(err, &said) {
		return fmt.Errorf("token endpoint: %w", err)
	}
	status := 0
	if said.Response != nil {
		status = said.Response.StatusCode
	}
	switch said.ErrorCode {
	case "invalid_grant":
		return &refusal{"the refresh token is no longer accepted", "Give the consent again and enter the new refresh token. Tokens end when the password changes, " +
			"when consent is withdrawn, after months without use, and at Google after seven days while the app is in “Testing”."}
	case "invalid_client", "unauthorized_client":
		return &refusal{"the client ID or the client secret is not accepted", "Enter the client ID and the client secret again; secrets at Microsoft have an end date."}
	case "invalid_scope", "invalid_request", "invalid_resource", "consent_required", "interaction_required", "unsupported_grant_type":
		return &refusal{"the token endpoint refuses: " + said.ErrorCode, "Look at the scopes and at the consent of the app, then enter a new refresh token."}
	}
	if status >= 400 && status < 500 && status != http.StatusTooManyRequests && status != http.StatusRequestTimeout {
		return &refusal{fmt.Sprintf("the token endpoint answers %d %s", status, said.ErrorCode), "Look at the token endpoint, the client ID and the refresh token."}
	}
	return fmt.Errorf("the token endpoint answers %d", status)
}

// bearer is the client's side of XOAUTH2 and of OAUTHBEARER (RFC 7628).
type bearer struct {
	mech, user, host, token string
	port                    int
	status                  string // what the server's error said: "400", "invalid_token"
}

const xoauth2 = "XOAUTH2"

func (b *bearer) Start() (string, []byte, error) {
	if b.mech == xoauth2 {
		return xoauth2, []byte("user=" + b.user + "\x01auth=Bearer " + b.token + "\x01\x01"), nil
	}
	return sasl.NewOAuthBearerClient(&sasl.OAuthBearerOptions{Username: b.user, Token: b.token, Host: b.host, Port: b.port}).Start()
}

// Next is asked only when the server refuses: it tells why and waits for a word before it says so in its own protocol. XOAUTH2 has an
// empty word for that, which go-imap would write as "=" and Dovecot takes for a broken client; every server goes on after any other.
func (b *bearer) Next(challenge []byte) ([]byte, error) {
	var why struct {
		Status json.RawMessage `json:"status"` // a string; a number at some
	}
	if json.Unmarshal(challenge, &why) == nil {
		b.status = strings.Trim(string(why.Status), `"`)
	}
	return []byte{1}, nil
}

// mechanism picks how to log in by what the server offers; nil: it offers nothing that is known here.
func (a *Adapter) mechanism(ctx context.Context, offers func(mech string) bool, user, password, host string, port int) (sasl.Client, error) {
	if a.tokens == nil {
		switch {
		case offers(sasl.Plain):
			return sasl.NewPlainClient("", user, password), nil
		case offers(sasl.Login):
			return sasl.NewLoginClient(user, password), nil
		}
		return nil, nil
	}
	token, err := a.tokens.access(ctx)
	if err != nil {
		return nil, err
	}
	for _, mech := range []string{xoauth2, sasl.OAuthBearer} {
		if offers(mech) {
			return &bearer{mech: mech, user: user, token: token, host: host, port: port}, nil
		}
	}
	return nil, errors.New("the server offers neither XOAUTH2 nor OAUTHBEARER")
}

// rejected forgets the token of a login that failed.
func (a *Adapter) rejected(login sasl.Client) {
	if b, ok := login.(*bearer); ok {
		a.tokens.spoiled(b.token)
	}
}
