// Package ledger holds the durable truth: which files were taken, what their rows became, what was sent and what came of it.
package ledger
