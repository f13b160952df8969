-- Items and events are packed from here on (ledger/seal.go); an older rowferry does not know that, and must not open the ledger.
SELECT 1;
