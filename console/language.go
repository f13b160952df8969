package console

import (
	"net/http"
	"slices"
	"sync"

	"golang.org/x/text/language"

	"github.com/rowferry/rowferry/batch"
)

var (
	spoken  = []batch.Language{batch.English, batch.Chinese, batch.Russian}
	matcher = sync.OnceValue(func() language.Matcher {
		return language.NewMatcher([]language.Tag{language.English, language.Chinese, language.Russian})
	})
)

// preferred is the language of ours that a browser's list comes nearest to.
func preferred(accept string, other batch.Language) batch.Language {
	tags, _, err := language.ParseAcceptLanguage(accept)
	if err != nil || len(tags) == 0 {
		return other
	}
	_, i, sure := matcher().Match(tags...)
	if sure == language.No {
		return other
	}
	return spoken[i]
}

// choose keeps the language that a person chose; one that we do not speak is answered 400.
func (c *Console) choose(w http.ResponseWriter, r *http.Request) {
	lang := batch.Language(r.FormValue("lang"))
	if !slices.Contains(spoken, lang) {
		http.Error(w, "lang: en, zh or ru", http.StatusBadRequest)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: "lang", Value: string(lang), Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, Secure: !c.unsecured(r), SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, back(r), http.StatusSeeOther)
}

// back is the page of ours that a form was on.
func back(r *http.Request) string {
	to := r.FormValue("then")
	if len(to) == 0 || to[0] != '/' || len(to) > 1 && (to[1] == '/' || to[1] == '\\') {
		return "/"
	}
	return to
}
