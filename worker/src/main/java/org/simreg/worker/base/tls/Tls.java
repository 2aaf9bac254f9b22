package org.simreg.worker.base.tls;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.NamedThreads;
import org.simreg.worker.base.io.Sha256;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The certificates of a process, read again when their files change: each handshake takes the
 * newest, what is connected stays so. Files are looked at once a second; while new ones are wrong
 * or half written, the old ones serve and the log says why. Safe for use by any thread.
 */
public final class Tls implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Tls.class);
    private static final Duration USUAL = Duration.ofSeconds(1);
    private static final byte[] ZERO = {0};
    private static final Set<PosixFilePermission> OTHERS = Set.of(
            PosixFilePermission.GROUP_READ,
            PosixFilePermission.OTHERS_READ,
            PosixFilePermission.GROUP_WRITE,
            PosixFilePermission.OTHERS_WRITE);

    private final TlsFiles files;
    private final Clock clock;
    private final ScheduledExecutorService thread;
    private volatile Credentials now;
    private byte[] seen;
    private String complaint = "";

    private Tls(TlsFiles files, Clock clock, Duration period) {
        this.files = files;
        this.clock = clock;
        // Before they are read: what changes meanwhile is read again.
        seen = digest();
        now = Credentials.load(files, clock.instant());
        files.identity().ifPresent(identity -> warnIfOpen(identity.key(), "The key file"));
        thread = NamedThreads.scheduled("simreg-tls");
        thread.scheduleWithFixedDelay(this::look, period.toMillis(), period.toMillis(), TimeUnit.MILLISECONDS);
    }

    /**
     * Reads the files, and again whenever they change.
     *
     * @throws UserError naming the file if one is wrong
     */
    public static Tls of(TlsFiles files) {
        return of(files, Clock.systemUTC(), USUAL);
    }

    static Tls of(TlsFiles files, Clock clock, Duration period) {
        return new Tls(files, clock, period);
    }

    /** Warns if others than the owner can read or write a file that is to be secret. */
    public static void warnIfOpen(Path file, String what) {
        try {
            Set<PosixFilePermission> granted = Files.getPosixFilePermissions(file);
            if (granted.stream().anyMatch(OTHERS::contains)) {
                LOG.warn("{} {} is open to others than its owner; chmod 600 closes it", what, file);
            }
        } catch (IOException | UnsupportedOperationException e) {
            LOG.debug("The permissions of {} can't be seen", file, e);
        }
    }

    private synchronized void look() {
        try {
            byte[] found = digest();
            boolean changed = !Arrays.equals(found, seen);
            if (changed || clock.instant().isAfter(now.end())) {
                now = Credentials.load(files, clock.instant());
                seen = found;
                complaint = "";
            }
            if (changed) {
                LOG.info("The certificates have changed: new connections use the new ones");
            }
        } catch (UserError e) {
            complain(e.getMessage());
        } catch (RuntimeException e) {
            complain(e.toString());
        }
    }

    /** Once for each reason, not once a second. */
    private void complain(String why) {
        if (!why.equals(complaint)) {
            complaint = why;
            LOG.warn("The certificates stay what they were: {}", why);
        }
    }

    /** Why the newest files aren't used; empty if they are. */
    synchronized String complaint() {
        return complaint;
    }

    private byte[] digest() {
        Sha256 sha = new Sha256();
        named().forEach(file -> sha.bytes(Pem.read(file.path, file.option)).bytes(ZERO));
        return sha.digest();
    }

    /** A file and the option that names it. */
    private record Named(Path path, String option) {}

    private Stream<Named> named() {
        return Stream.of(
                        files.identity().map(i -> new Named(i.cert(), "--tls-cert")),
                        files.identity().map(i -> new Named(i.key(), "--tls-key")),
                        Optional.of(new Named(files.ca(), "--tls-ca")),
                        files.clientCa().map(ca -> new Named(ca, "--tls-client-ca")))
                .flatMap(Optional::stream);
    }

    /** The files that are looked at. */
    public TlsFiles files() {
        return files;
    }

    /** This process' own certificate; none if it has none. */
    public Optional<X509ExtendedKeyManager> keys() {
        return files.identity()
                .map(ignored -> LiveManagers.keys(() -> now.keys().orElseThrow()));
    }

    /** The trust in the other ends of this process' connections. */
    public X509ExtendedTrustManager peers() {
        return LiveManagers.trust(() -> now.peers());
    }

    /** The trust in clients; none if they need no certificates. */
    public Optional<X509ExtendedTrustManager> clients() {
        return files.clientCa()
                .map(ignored -> LiveManagers.trust(() -> now.clients().orElseThrow()));
    }

    /** Looks at the files no more. */
    @Override
    public void close() {
        thread.shutdownNow();
    }
}
