#!/usr/bin/perl
# Writes the workbooks of a list (JSON on standard input, as write.py has it) with Spreadsheet::WriteExcel.
use strict;
use warnings;
use utf8;
use JSON::PP;
use Spreadsheet::WriteExcel;

local $/;
for my $spec (@{ JSON::PP->new->utf8->decode(<STDIN>) }) {
    my $book  = Spreadsheet::WriteExcel->new("$ARGV[0]/perl-$spec->{name}.xls");
    my $sheet = $book->add_worksheet("Данные 数据");
    my %format = (
        code => "00000", date => "yyyy-mm-dd", moment => "yyyy-mm-dd hh:mm:ss", clock => "hh:mm:ss",
    );
    $format{$_} = $book->add_format(num_format => $format{$_}) for keys %format;
    for my $cell (@{ $spec->{cells} }) {
        my ($row, $column, $kind, $value) = @$cell;
        if ($kind eq "text") { $sheet->write_string($row, $column, $value) }
        elsif ($kind eq "bool") { }    # it has none
        elsif ($format{$kind}) { $sheet->write_number($row, $column, $value, $format{$kind}) }
        else                   { $sheet->write_number($row, $column, $value) }
    }
    $book->close;
}
