#!/usr/bin/perl
# Asks one network "who has ADDRESS?" again and again, by ARP or (IPv6) by neighbour solicitation, and tells who
# answers and who announces. In Perl since Node.js has no packet sockets, and Perl is on every Debian.
#
#   owner-watch.pl DEVICE ADDRESS INTERVAL_MS SOURCE_FIRST SOURCE_COUNT
#
# Each request comes from the next of SOURCE_COUNT addresses from SOURCE_FIRST on, and an answer goes to the address
# that asked: so it is known which request was answered, and that two answers are answers to the same one.
# It ends with SIGTERM, after it has told all that it heard. Output, times in milliseconds of CLOCK_MONOTONIC:
#   reply MAC REQUEST SENT RECEIVED
#   announce MAC AT
use strict;
use warnings;
use Socket qw(inet_pton AF_INET AF_INET6 SOCK_RAW);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

use constant { AF_PACKET => 17, SIOCGIFINDEX => 0x8933, SIOCGIFHWADDR => 0x8927, MSG_DONTWAIT => 0x40 };
use constant { ETH_P_ARP => 0x0806, ETH_P_IPV6 => 0x86dd, SOLICITATION => 135, ADVERTISEMENT => 136 };

my ($device, $address, $interval, $first, $count) = @ARGV;
my $is_v6 = $address =~ /:/;
my $type = $is_v6 ? ETH_P_IPV6 : ETH_P_ARP;
my $family = $is_v6 ? AF_INET6 : AF_INET;
my $target = inet_pton($family, $address) or die "no address: $address\n";
my $source_first = inet_pton($family, $first) or die "no address: $first\n";

socket my $socket, AF_PACKET, SOCK_RAW, unpack('n', pack 'S', $type) or die "packet socket: $!\n";
my $request = pack 'a16 x16', $device;
ioctl $socket, SIOCGIFINDEX, $request or die "$device: $!\n";
my $index = unpack 'x16 i', $request;
$request = pack 'a16 x16', $device;
ioctl $socket, SIOCGIFHWADDR, $request or die "$device: $!\n";
my $own = unpack 'x18 a6', $request;
my $link = pack 'S n i S C C x8', AF_PACKET, $type, $index, 0, 0, 6;
bind $socket, $link or die "bind $device: $!\n";

sub now { return clock_gettime(CLOCK_MONOTONIC) * 1000 }
sub mac { return join ':', map { sprintf '%02x', $_ } unpack 'C6', shift }

# The source address of a request, and back. Only the last two bytes differ.
sub source {
  my ($slot) = @_;
  return substr($source_first, 0, -2) . pack 'n', unpack('n', substr $source_first, -2) + $slot;
}

sub slot {
  my ($source) = @_;
  return -1 if substr($source, 0, -2) ne substr $source_first, 0, -2;
  return unpack('n', substr $source, -2) - unpack 'n', substr $source_first, -2;
}

sub arp_request {
  my ($source) = @_;
  my $arp = pack 'n n C C n a6 a4 x6 a4', 1, 0x0800, 6, 4, 1, $own, $source, $target;
  return "\xff" x 6 . $own . pack('n', ETH_P_ARP) . $arp;
}

sub solicitation {
  my ($source) = @_;
  my $group = inet_pton(AF_INET6, 'ff02::1:ff00:0');
  substr $group, -3, 3, substr $target, -3;
  my $message = pack 'C C n N a16 C C a6', SOLICITATION, 0, 0, 0, $target, 1, 1, $own;
  my $sum = unpack '%32n*', $source . $group . pack('N N', length $message, 58) . $message;
  $sum = ($sum & 0xffff) + ($sum >> 16) while $sum >> 16;
  substr $message, 2, 2, pack 'n', ~$sum & 0xffff;
  my $header = pack 'N n C C a16 a16', 6 << 28, length $message, 58, 255, $source, $group;
  return "\x33\x33" . substr($group, -4) . $own . pack('n', ETH_P_IPV6) . $header . $message;
}

my @sent; # By request number modulo the count: [number, when].
my $number = 0;
my $next = now();
my $flush = $next;
my $output = '';
my $readable = '';
vec($readable, fileno($socket), 1) = 1;

sub ask {
  my $slot = $number % $count;
  my $source = source($slot);
  $sent[$slot] = [$number, now()];
  send $socket, $is_v6 ? solicitation($source) : arp_request($source), 0, $link;
  $number++;
}

# Whose hardware address claims the target, and whom it tells; nothing for any other frame.
sub claim {
  my ($frame) = @_;
  if ($is_v6) {
    return if length $frame < 78 || unpack('x20 C', $frame) != 58 || unpack('x54 C', $frame) != ADVERTISEMENT;
    my ($mac, $to, $claimed) = unpack 'x6 a6 x26 a16 x8 a16', $frame;
    return $claimed eq $target ? ($mac, $to) : ();
  }
  return if length $frame < 42;
  my ($mac, $sender, $to) = unpack 'x22 a6 a4 x6 a4', $frame;
  return $sender eq $target ? ($mac, $to) : ();
}

sub hear {
  my ($frame, $at) = @_;
  my ($mac, $to) = claim($frame) or return;
  my $slot = slot($to);
  if ($slot >= 0 && $slot < $count && $sent[$slot]) {
    $output .= sprintf "reply %s %d %.3f %.3f\n", mac($mac), @{ $sent[$slot] }, $at;
  } else {
    $output .= sprintf "announce %s %.3f\n", mac($mac), $at;
  }
}

sub read_all {
  while (defined recv $socket, my $frame, 2048, MSG_DONTWAIT) {
    hear($frame, now());
  }
}

my $ended = 0;
$SIG{TERM} = sub { $ended = 1 };

while (!$ended) {
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
  read_all();
}
read_all();
syswrite STDOUT, $output;
