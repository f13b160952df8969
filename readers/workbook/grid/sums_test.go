package grid

import "testing"

// A formula is a total's when it adds up cells above its own in its own column, however its program writes it.
func TestSummed(t *testing.T) {
	for formula, want := range map[string]int{
		"SUM(F2:F6)":                                    2,
		"=SUM($F$2:$F$6)":                               2,
		"SUBTOTAL(9,F2:F6)":                             2,
		"SUBTOTAL(109,[Weight])":                        6,
		"SUBTOTAL(109,Table1[Weight])":                  6,
		"COUNTA(F2:F6)":                                 2,
		"ROUND(SUM(F2:F6),2)":                           2,
		"AGGREGATE(9,5,F2:F6)":                          2,
		"_xlfn.AGGREGATE(9,5,F2:F6)":                    2,
		"of:=SUBTOTAL(9;[.F2:.F6])":                     2,
		"of:=SUM([.F2:.F6])":                            2,
		"=SUBTOTAL(9,R[-5]C:R[-1]C)":                    2,
		"=SUM(R2C:R[-1]C)":                              2,
		"SUM(E2:E6)":                                    0, // of another column
		"SUM(B7:E7)":                                    0, // of its own row
		"SUM(F2:F7)":                                    0,
		"SUM(F8:F9)":                                    0,
		"SUM(F2:F6)*1.2":                                0,
		"COUNT(F2:F6)+1":                                0, // the number of a row
		"SUBTOTAL(103,$B$2:B6)*1":                       0,
		"SUBTOTAL(103,$B$2:B6)":                         0,
		"MAX(F2:F6)":                                    0,
		"SUMIF(A2:A6,\"x\",F2:F6)":                      0,
		"VLOOKUP(A7,Sheet2!A2:F6,2,0)":                  0,
		"Table1[[#This Row],[Price]]*2":                 0,
		"SUM(Table1[[#This Row],[Price]:[Tax]])":        0,
		"SUM(RC[-3]:RC[-1])":                            0,
		"SUM(Sheet2!F2:F6)":                             0,
		"SUM(" + string(make([]byte, 200)) + "F2:F6)":   0,
		"SUM(Items[Weight])":                            0, // of a table elsewhere
		"":                                              0,
		"SUM(F2:F99999999999999999999999999999)":        0,
		"SUM(F99999999999999999999999999999:F99999999)": 0,
	} {
		if got := summed([]byte(formula), 5, 7); got != want {
			t.Errorf("%s: %d, want %d", formula, got, want)
		}
	}
}

// The same of formulas that are stored taken apart: SUBTOTAL(9,F2:F6) with rows of two bytes, and of four.
func TestSummedTokens(t *testing.T) {
	old := []byte{0x1e, 9, 0, 0x25, 1, 0, 5, 0, 5, 0xc0, 5, 0xc0, 0x42, 2, 0x58, 1}
	wide := []byte{0x1e, 9, 0, 0x25, 1, 0, 0, 0, 5, 0, 0, 0, 5, 0xc0, 5, 0xc0, 0x42, 2, 0x58, 1}
	if got := summedTokens(old, 5, 7, 2); got != 2 {
		t.Error(got)
	}
	if got := summedTokens(wide, 5, 7, 4); got != 2 {
		t.Error(got)
	}
	for i := range wide {
		for _, bytes := range []int{2, 4} {
			if summedTokens(wide[:i], 5, 7, bytes) != 0 || summedTokens(old[:min(i, len(old)-1)], 5, 7, bytes) != 0 {
				t.Errorf("%d bytes of it", i)
			}
		}
	}
	if summedTokens(old, 4, 7, 2) != 0 || summedTokens(old, 5, 6, 2) != 0 {
		t.Error("another column, or its own cell")
	}
}
