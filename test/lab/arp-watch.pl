#!/usr/bin/perl
# Asks one network "who has ADDRESS?" again and again, and tells who answers and who announces.
# In Perl since Node.js has no packet sockets and nothing else that Debian always has can send them.
#
#   arp-watch.pl DEVICE ADDRESS INTERVAL_MS SOURCE_FIRST SOURCE_COUNT
#
# Each request comes from the next of SOURCE_COUNT addresses from SOURCE_FIRST on, and an answer goes to the address
# that asked: so it is known which request was answered, and that two answers are answers to the same one.
# Output, times in milliseconds of CLOCK_MONOTONIC:
#   reply MAC REQUEST SENT RECEIVED
#   announce MAC AT
use strict;
use warnings;
use Socket;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

use constant { AF_PACKET => 17, ETH_P_ARP => 0x0806, SIOCGIFINDEX => 0x8933, SIOCGIFHWADDR => 0x8927 };

my ($device, $address, $interval, $first, $count) = @ARGV;
my $target = inet_aton($address);
my $source_first = unpack 'N', inet_aton($first);

socket my $socket, AF_PACKET, SOCK_RAW, unpack('n', pack 'S', ETH_P_ARP) or die "packet socket: $!\n";
my $request = pack 'a16 x16', $device;
ioctl $socket, SIOCGIFINDEX, $request or die "$device: $!\n";
my $index = unpack 'x16 i', $request;
$request = pack 'a16 x16', $device;
ioctl $socket, SIOCGIFHWADDR, $request or die "$device: $!\n";
my $own = unpack 'x18 a6', $request;
my $link = pack 'S n i S C C a8', AF_PACKET, ETH_P_ARP, $index, 0, 0, 6, "\xff" x 6;
bind $socket, $link or die "bind $device: $!\n";

sub now { return clock_gettime(CLOCK_MONOTONIC) * 1000 }
sub mac { return join ':', map { sprintf '%02x', $_ } unpack 'C6', shift }

my @sent;     # By request number modulo the count: [number, when].
my $number = 0;
my $next = now();
my $flush = $next;
my $output = '';
my $readable = '';
vec($readable, fileno($socket), 1) = 1;

sub ask {
  my $slot = $number % $count;
  my $source = pack 'N', $source_first + $slot;
  my $arp = pack 'n n C C n a6 a4 a6 a4', 1, 0x0800, 6, 4, 1, $own, $source, "\0" x 6, $target;
  $sent[$slot] = [$number, now()];
  send $socket, "\xff" x 6 . $own . pack('n', ETH_P_ARP) . $arp, 0, $link;
  $number++;
}

sub hear {
  my ($frame, $at) = @_;
  return if length $frame < 42;
  my ($operation, $mac, $sender, $asked) = unpack 'x20 n a6 a4 x6 a4', $frame;
  return if $sender ne $target;
  my $slot = unpack('N', $asked) - $source_first;
  if ($operation == 2 && $slot >= 0 && $slot < $count) {
    my $request = $sent[$slot] or return;
    $output .= sprintf "reply %s %d %.3f %.3f\n", mac($mac), @$request, $at;
  } elsif ($asked eq $target) {
    $output .= sprintf "announce %s %.3f\n", mac($mac), $at;
  }
}

while (1) {
  my $now = now();
  if ($now >= $next) {
    ask();
    $next += $interval;
    $next = $now + $interval if $next < $now; # After a stall: no burst.
  }
  if ($output ne '' && $now >= $flush) {
    defined syswrite STDOUT, $output or exit 0;
    $output = '';
    $flush = $now + 20;
  }
  my $wait = ($next - now()) / 1000;
  my $ready = $readable;
  next unless select($ready, undef, undef, $wait > 0 ? $wait : 0) > 0;
  while (defined recv $socket, my $frame, 2048, 0x40) { # MSG_DONTWAIT
    hear($frame, now());
  }
}
