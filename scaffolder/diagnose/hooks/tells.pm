package tells;

# What a copy of a container has its Perl load first: it writes down what the program swallows.
#
# The program's own Perl runs this (PERL5OPT), from 5.10 on, and only in a copy. `raised`, beside
# this file, gets the exceptions that the program's own code handles, and the ends that it chooses,
# with the exception that `$@` holds then, in lines as sitecustomize.py writes them. It loads no
# module: the program may lack that.

our ($HERE) = __FILE__ =~ m{^(.*)/};
our $RECORDS = "$HERE/raised";
our ($MOST, $LONGEST, $SOON) = (400, 8000, 2);
our $NEAR = 30;    # lines
our %of_system;    # texts about a call that failed
our ($written, $dying, $has_ended, $last, $at, $tried) = (0, undef, 0, '', 0, '');

sub record {
    my ($kind, $text, $place, $how, @way) = @_;
    return if $written++ >= ($kind eq 'exit' ? 2 * $MOST : $MOST);
    my @names = $text eq '' ? () : ('die');
    push @names, 'OSError' if $of_system{$text};
    push @names, 'ImportError' if $text =~ /^Can't locate \S+ in \@INC/;
    my %field = (kind => $kind, text => substr($text, 0, $LONGEST), place => $place, how => $how);
    my $line = join ', ', map { "\"$_\": " . quoted($field{$_}) } qw(kind text place how);
    local ($!, $@, $?, $^E);
    open my $file, '>>', $RECORDS or return;
    print {$file} "{$line, \"names\": [" . join(', ', map { quoted($_) } @names) . "], \"way\": ["
        . join(', ', map { '[' . quoted($_->[0]) . ', ' . quoted($_->[1]) . ']' } @way) . "]}\n";
    close $file;
}

sub quoted {
    my ($text) = @_;
    utf8::decode($text);
    $text =~ s/([^\x20-\x7e]|["\\])/sprintf '\\u%04x', ord $1 > 0xffff ? 0x3f : ord $1/ge;
    return "\"$text\"";
}

# Tell whether code is the program's own, and not that of Perl or of a library.
sub is_own {
    my ($path) = @_;
    return 0 if $path =~ m{^\Q$HERE\E/|/perl5?/|/perl-base/|/site_perl/|/local/lib/perl};
    return $path !~ m{^/usr/(?:lib|share)/};
}

sub shown {
    my ($error) = @_;
    my $text = eval { "$error" };
    $text = ref $error unless defined $text && length $text;
    $text =~ s/\n.*//s;
    return $text;
}

# Return where an exception is handled: the next eval or try around it; empty if in a library,
# undefined if nowhere.
sub handler {
    my ($is_try, $outermost) = (0, '');
    for (my $depth = 1; my @frame = caller $depth; $depth++) {
        $outermost = "$frame[1]:$frame[2]";
        next unless $frame[3] eq '(eval)' || $frame[3] eq '(try)';
        $is_try ||= $frame[1] =~ m{/Try/Tiny\.pm$};
        next if $frame[7] || $frame[1] =~ m{/Try/Tiny\.pm$};    # require, or for its caller
        $tried = $is_try || $frame[3] eq '(try)';
        return is_own($frame[1]) ? "$frame[1]:$frame[2]" : '';
    }
    return undef unless $^S;
    $tried = 1;    # a `try` of Perl itself has no frame
    return is_own($outermost) ? $outermost : '';
}

sub dies {
    my ($error) = @_;
    my $why = "$!";
    return if $has_ended;
    my $text = shown($error);
    $of_system{$text} = ($why ne '' && index($text, $why) >= 0) || $text =~ /\bBad hostname\b/;
    my $place = defined $^S ? handler() : undef;    # what is compiled may be handled, or not
    if (defined $place) {
        return if $place eq '';
        ($last, $at) = ($text, time);
        $tried = $tried ? $place : '';
        record('handled', $last, $place, '');
    }
    else {
        $dying = $text;
    }
}

# Return the places of the program's own code that led to an end, each with its function's name.
sub way {
    my @found;
    for (my $depth = 1; my @frame = caller $depth; $depth++) {
        my ($name) = ((caller $depth + 1)[3] // '') =~ /(\w+)$/;
        push @found, ["$frame[1]:$frame[2]", $name // ''] if is_own($frame[1]);
        last if @found >= 12;
    }
    return @found;
}

# Take note of an end that the program chooses; `$@` holds what was handled last.
sub ends {
    my ($held, $place, $how, @way) = @_;
    return if $has_ended++;
    my $text = length $held ? shown($held) : is_near($tried, $place) ? $last : '';
    my $is_fresh = $text ne '' && $text eq $last && time - $at <= $SOON;
    record('works', '', '', '') if $last ne '' && time - $at > $SOON;
    $is_fresh = 0 if $text =~ /^Can't locate \S+ in \@INC/;    # it may do without
    record('exit', $is_fresh ? $text : '', $place, $how, @way);
}

# Tell whether an end is in, or right after, a `catch`, which leaves `$@` as it was.
sub is_near {
    my ($path, $line, $other, $end) = map { /^(.*):(\d+)$/ } @_;
    return defined $end && $path eq $other && $line <= $end && $end - $line <= $NEAR;
}

if (-w $RECORDS) {
    $SIG{__DIE__} = \&dies;
    no warnings;
    *CORE::GLOBAL::exit = sub (;$) {
        my $status = @_ ? $_[0] : 0;
        my (undef, $file, $line) = caller;
        ends($@, "$file:$line", "exit($status)", way());
        CORE::exit($status);
    };
    eval q{
        INIT {
            if (defined &POSIX::_exit) {
                my $leave = \&POSIX::_exit;
                no warnings;
                *POSIX::_exit = sub {
                    my (undef, $file, $line) = caller;
                    tells::ends($@, "$file:$line", "POSIX::_exit($_[0])", tells::way());
                    $leave->(@_);
                };
            }
        }
    };
    $@ = '';
}

END {
    record('exit', $dying, 'standard error', 'uncaught') if $? && defined $dying && !$has_ended;
}

1;
