package workbook_test
import ("testing";"os")
func TestOne(t *testing.T){ src:=os.Getenv("ONE"); if src=="" {return}; r,err:=reportOf(t,src); if err!=nil{t.Fatal(err)}; p:=write(t,r); b,_:=os.ReadFile(p); os.WriteFile("/tmp/rf-wb/one.xlsx",b,0o600)}
func TestTwo(t *testing.T){ src:="../../../shared/corpus/xlsx/xlsx2csv__escape.xlsx"; r,_:=reportOf(t,src);p:=write(t,r); s:=sheets(t,src,p); t.Logf("%q", s)}
