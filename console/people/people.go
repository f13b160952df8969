// Package people holds who may use the console: users with passwords, tokens for programs, and what each of them may do.
package people

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger"
)

// Role is what a person may do. Each may do what the one before may.
type Role string

const (
	Viewer   Role = "viewer"   // looks
	Sender   Role = "sender"   // drops, mends and resends, in their routes
	Operator Role = "operator" // also pauses, cancels, releases
	Admin    Role = "admin"    // all
)

// May reports whether a role includes another.
func (r Role) May(least Role) bool {
	return r.rank() >= least.rank() && least.rank() >= 0
}

func (r Role) rank() int { return slices.Index(configs.Roles(), string(r)) }

// ParseRole reads a role.
func ParseRole(s string) (Role, error) {
	if Role(s).rank() < 0 {
		return "", fmt.Errorf("--role %q: write %s", s, strings.Join(configs.Roles(), ", "))
	}
	return Role(s), nil
}

// Person is who asks for something.
type Person struct {
	Name   string   `json:"name"`
	Role   Role     `json:"role"`
	Routes []string `json:"routes,omitempty"` // only these; none: all
}

// Sees reports whether a person may know of the files of a route.
func (p *Person) Sees(route string) bool {
	return len(p.Routes) == 0 || slices.Contains(p.Routes, route)
}

// User is a person with a password.
type User struct {
	Person
	Hash    string    `json:"hash"` // argon2id, in its usual text form
	Created time.Time `json:"created"`
	By      string    `json:"by"`
}

// Token is what a program says instead of a password. Only its hash is kept.
type Token struct {
	Person
	ID      string    `json:"id"` // the beginning of its hash
	Created time.Time `json:"created"`
	By      string    `json:"by"`
}

// Book is the list of users and tokens. It is safe for concurrent use.
type Book struct{ Register ledger.Register }

const (
	userKey  = "user/"
	tokenKey = "token/"
)

// proper reports whether a name can be one: as others in the configuration, and an address may be one.
func proper(name string) bool { return configs.ProperName(strings.ReplaceAll(name, "@", ".")) }

// Errors that code decides on.
var (
	ErrName     = errors.New("a name has letters, digits, \"-\", \"_\", \".\" and \"@\", begins with a letter or digit, and has 64 characters at most")
	ErrPassword = errors.New("a password has at least 10 characters")
	ErrThere    = errors.New("there is one of this name already")
	ErrNobody   = errors.New("there is none of this name")
	ErrWrong    = errors.New("the name or the password is wrong")
)

// shortest is the least number of characters of a password.
const shortest = 10

// AddUser adds a user. ErrName, ErrPassword, ErrThere.
func (b Book) AddUser(ctx context.Context, p Person, password, by string) error {
	switch {
	case !proper(p.Name):
		return ErrName
	case len([]rune(password)) < shortest:
		return ErrPassword
	}
	if found, err := b.Register.Entry(ctx, userKey+p.Name); err != nil || found != "" {
		return errors.Join(err, already(found))
	}
	return b.enter(ctx, userKey+p.Name, User{Person: p, Hash: hash(password), Created: time.Now().UTC(), By: by})
}

func already(found string) error {
	if found == "" {
		return nil
	}
	return ErrThere
}

// SetPassword changes a user's password.
func (b Book) SetPassword(ctx context.Context, name, password string) error {
	if len([]rune(password)) < shortest {
		return ErrPassword
	}
	u, err := b.User(ctx, name)
	if err != nil {
		return err
	}
	u.Hash = hash(password)
	return b.enter(ctx, userKey+name, u)
}

// User finds a user; ErrNobody.
func (b Book) User(ctx context.Context, name string) (u User, err error) {
	text, err := b.Register.Entry(ctx, userKey+name)
	if err != nil {
		return u, err
	}
	if text == "" {
		return u, ErrNobody
	}
	return u, json.Unmarshal([]byte(text), &u)
}

// RemoveUser takes a user out; their sessions end with the next request.
func (b Book) RemoveUser(ctx context.Context, name string) error {
	if _, err := b.User(ctx, name); err != nil {
		return err
	}
	return b.Register.Enter(ctx, userKey+name, "")
}

// Users lists all users by name.
func (b Book) Users(ctx context.Context) ([]User, error) {
	return entries[User](ctx, b.Register, userKey)
}

// Tokens lists all tokens.
func (b Book) Tokens(ctx context.Context) ([]Token, error) {
	all, err := entries[Token](ctx, b.Register, tokenKey)
	slices.SortFunc(all, func(x, y Token) int { return strings.Compare(x.Name, y.Name) })
	return all, err
}

// SignIn finds the user with a password, or ErrWrong; it takes as long for a name that nobody has.
func (b Book) SignIn(ctx context.Context, name, password string) (Person, error) {
	u, err := b.User(ctx, name)
	if err != nil && !errors.Is(err, ErrNobody) {
		return Person{}, err
	}
	if !matches(u.Hash, password) || err != nil {
		return Person{}, ErrWrong
	}
	return u.Person, nil
}

// prefix of a token, so that one that got loose is recognised by those who look for such things.
const prefix = "rft_"

// AddToken makes a token and returns its secret, which is shown once and not kept. ErrName, ErrThere.
func (b Book) AddToken(ctx context.Context, p Person, by string) (secret string, err error) {
	if !proper(p.Name) {
		return "", ErrName
	}
	all, err := b.Tokens(ctx)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(all, func(t Token) bool { return t.Name == p.Name }) {
		return "", ErrThere
	}
	raw := make([]byte, 24)
	if _, err := rand.Read(raw); err != nil {
		return "", err
	}
	secret = prefix + base64.RawURLEncoding.EncodeToString(raw)
	key := digest(secret)
	return secret, b.enter(ctx, tokenKey+key, Token{Person: p, ID: key[:12], Created: time.Now().UTC(), By: by})
}

// RemoveToken takes a token out, by its name or id; ErrNobody.
func (b Book) RemoveToken(ctx context.Context, name string) error {
	all, err := b.Register.Entries(ctx, tokenKey)
	if err != nil {
		return err
	}
	for key, text := range all {
		var t Token
		if err := json.Unmarshal([]byte(text), &t); err != nil {
			return err
		}
		if t.Name == name || t.ID == name {
			return b.Register.Enter(ctx, key, "")
		}
	}
	return ErrNobody
}

// Bearer finds who a token's secret stands for; ErrWrong.
func (b Book) Bearer(ctx context.Context, secret string) (Person, error) {
	text, err := b.Register.Entry(ctx, tokenKey+digest(secret))
	if err != nil {
		return Person{}, err
	}
	if text == "" {
		return Person{}, ErrWrong
	}
	var t Token
	return t.Person, json.Unmarshal([]byte(text), &t)
}

// digest is how a token is kept: its secret is long and random, so that one round is enough.
func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

func (b Book) enter(ctx context.Context, key string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return b.Register.Enter(ctx, key, string(text))
}

// entries reads all values below a key, in the order of their keys.
func entries[T any](ctx context.Context, r ledger.Register, below string) ([]T, error) {
	found, err := r.Entries(ctx, below)
	if err != nil {
		return nil, err
	}
	var all []T
	for _, key := range slices.Sorted(maps.Keys(found)) {
		var v T
		if err := json.Unmarshal([]byte(found[key]), &v); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// The cost of a password, as RFC 9106 and OWASP have it for machines with little memory: 19 MiB, two passes.
const (
	passes, memory, threads = 2, 19 << 10, 1
	saltSize, keySize       = 16, 32
)

func hash(password string) string {
	salt := make([]byte, saltSize)
	if _, err := rand.Read(salt); err != nil {
		panic(err) // crypto/rand never fails on the systems we build for
	}
	return form(salt, argon2.IDKey([]byte(password), salt, passes, memory, threads, keySize))
}

func form(salt, key []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memory, passes, threads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

// nobodys is compared with where there is no user, so that the answer takes as long.
var nobodys = form(make([]byte, saltSize), make([]byte, keySize))

// matches reports whether a password has a hash.
func matches(hashed, password string) bool {
	if hashed == "" {
		hashed = nobodys
	}
	parts := strings.Split(hashed, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false
	}
	var m, t uint32
	var p uint8
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &m, &t, &p); err != nil {
		return false
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	want, wrong := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || wrong != nil || len(want) == 0 {
		return false
	}
	return subtle.ConstantTimeCompare(argon2.IDKey([]byte(password), salt, t, m, p, uint32(len(want))), want) == 1
}
