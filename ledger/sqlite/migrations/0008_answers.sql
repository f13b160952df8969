-- Events hold the provider's answers from here on (ledger/frame.go); an older rowferry does not know them, and must not open the ledger.
SELECT 1;
