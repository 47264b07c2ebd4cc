package inbox

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
)

// keySize is the size of the installation's key in bytes; every other key is derived from it.
const keySize = 32

// seal encrypts an account's secrets with AES-256-GCM, bound to the account's id.
func seal(key []byte, account string, secrets map[string]string) ([]byte, error) {
	plain, err := json.Marshal(secrets)
	if err != nil {
		return nil, err
	}
	aead, err := sealer(key, "account secrets")
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce)
	return aead.Seal(nonce, nonce, plain, []byte(account)), nil
}

// unseal is the inverse of seal; nil gives no secrets.
func unseal(key []byte, account string, sealed []byte) (map[string]string, error) {
	secrets := map[string]string{}
	if len(sealed) == 0 {
		return secrets, nil
	}
	aead, err := sealer(key, "account secrets")
	if err != nil {
		return nil, err
	}
	if len(sealed) < aead.NonceSize() {
		return nil, errors.New("sealed secrets are cut short")
	}
	plain, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], []byte(account))
	if err != nil {
		return nil, errors.New("the secrets were sealed with another key")
	}
	return secrets, json.Unmarshal(plain, &secrets)
}

// sealer is what texts of one purpose are sealed with, by a key of their own.
func sealer(key []byte, purpose string) (cipher.AEAD, error) {
	k, err := derive(key, purpose)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(k)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// derive makes a key for one purpose.
func derive(key []byte, purpose string) ([]byte, error) {
	if len(key) != keySize {
		return nil, fmt.Errorf("the installation's key has %d bytes, not %d", len(key), keySize)
	}
	return hkdf.Key(sha256.New, key, nil, "tamas "+purpose, 32)
}
