package org.simreg.worker.base.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import javax.net.ssl.X509ExtendedKeyManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.UserError;
import org.slf4j.LoggerFactory;

@Timeout(60)
class TlsTest {
    @TempDir
    Path folder;

    private static String refusal(TlsFiles files) {
        return assertThrows(UserError.class, () -> Tls.of(files).close()).getMessage();
    }

    private static X509Certificate shown(X509ExtendedKeyManager keys) {
        String name = keys.chooseEngineServerAlias("EC", null, null);
        return keys.getCertificateChain(name)[0];
    }

    @Test
    void aWrongFileIsNamedWithItsOption() throws Exception {
        Authority authority = new Authority(folder, "ca");
        TlsFiles good = authority.identity("node");
        Path cert = good.identity().orElseThrow().cert();
        Path key = good.identity().orElseThrow().key();
        Path absent = folder.resolve("absent.pem");
        Path text = Files.writeString(folder.resolve("text.pem"), "hello");
        assertEquals("--tls-cert: there is no file " + absent, refusal(files(absent, key, good.ca())));
        assertTrue(
                refusal(files(cert, key, text)).startsWith("--tls-ca: " + text + " holds no certificate in PEM form"));
        assertTrue(refusal(files(cert, cert, good.ca()))
                .startsWith("--tls-key: " + cert + " holds no private key in PEM form"));
        Path damaged = Files.writeString(
                folder.resolve("damaged.key"), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
        assertEquals(
                "--tls-key: the key in " + damaged + " is damaged, or none of RSA, EC, Ed25519",
                refusal(files(cert, damaged, good.ca())));
    }

    private static TlsFiles files(Path cert, Path key, Path ca) {
        return new TlsFiles(Optional.of(new TlsFiles.Identity(cert, key)), ca, Optional.empty());
    }

    @Test
    void aKeyOfAnotherCertificateIsRefused() {
        Authority authority = new Authority(folder, "ca");
        Path cert = authority.identity("a").identity().orElseThrow().cert();
        Path key = authority.identity("b").identity().orElseThrow().key();
        assertEquals(
                "The key in %s (--tls-key) is not that of the certificate in %s (--tls-cert); name a pair"
                        .formatted(key, cert),
                refusal(files(cert, key, authority.ca())));
    }

    @Test
    void anExpiredCertificateIsNamedWithItsFileAndDate() {
        Authority authority = new Authority(folder, "ca");
        X509Bundle old = authority.issue("node", Duration.ofDays(-1));
        TlsFiles files = authority.write("node", old);
        assertEquals(
                "The certificate of CN=node in %s (--tls-cert) expired on %s; put a new one there"
                        .formatted(
                                files.identity().orElseThrow().cert(),
                                old.getCertificate().getNotAfter().toInstant()),
                refusal(files));
        // A clock that stands wrong gives the same sentence as an old certificate.
        TlsFiles fresh = authority.identity("node");
        Clock behind = Clock.fixed(Instant.now().minus(Duration.ofDays(99)), ZoneOffset.UTC);
        UserError early = assertThrows(
                UserError.class,
                () -> Tls.of(fresh, behind, Duration.ofHours(1)).close());
        assertTrue(early.getMessage().contains("look at this machine's clock"));
    }

    @Test
    void aSecretThatOthersCanReadIsWarnedOfByName() throws Exception {
        Path secret = Files.writeString(folder.resolve("token"), "secret");
        Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-------"));
        assertEquals(List.of(), warnings(secret));
        for (String open : List.of("rw-r-----", "rw----r--", "rw--w----")) {
            Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString(open));
            assertEquals(
                    List.of("The token file %s is open to others than its owner; chmod 600 closes it"
                            .formatted(secret)),
                    warnings(secret));
        }
    }

    private static List<String> warnings(Path file) {
        Logger logger = (Logger) LoggerFactory.getLogger(Tls.class);
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        logger.addAppender(log);
        try {
            Tls.warnIfOpen(file, "The token file");
        } finally {
            logger.detachAppender(log);
        }
        return log.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }

    /** Debian's ca-certificates.crt has 220 kB. */
    @Test
    void aBundleOfASystemsAuthoritiesIsRead() throws Exception {
        Authority authority = new Authority(folder, "ca");
        String known = Files.readString(authority.ca());
        Path bundle = Files.writeString(folder.resolve("bundle.pem"), known.repeat(220_000 / known.length()));
        TlsFiles files = authority.identity("node");
        TlsFiles.Identity identity = files.identity().orElseThrow();
        Tls.of(files(identity.cert(), identity.key(), bundle)).close();
    }

    @Test
    void optionsThatBelongTogetherAreAskedForTogether() {
        Path file = Path.of("x");
        assertEquals(Optional.empty(), TlsFiles.of(null, null, null, null));
        UserError pair = assertThrows(UserError.class, () -> TlsFiles.of(file, null, file, null));
        assertTrue(pair.getMessage().endsWith("name --tls-key too"));
        UserError ca = assertThrows(UserError.class, () -> TlsFiles.of(file, file, null, null));
        assertTrue(ca.getMessage().startsWith("TLS needs --tls-ca too"));
        TlsFiles client = TlsFiles.of(null, null, file, null).orElseThrow();
        assertThrows(UserError.class, client::requireIdentity);
    }

    @Test
    void keysAsOpensslWroteThemForLong() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        KeyPair pair = generator.generateKeyPair();
        X509Bundle own = new CertificateBuilder()
                .subject("CN=rsa")
                .keyPair(pair)
                .algorithm(CertificateBuilder.Algorithm.rsa2048)
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        byte[] pkcs8 = own.getKeyPair().getPrivate().getEncoded();
        // What PKCS#8 wraps begins after its head of 26 bytes.
        byte[] pkcs1 = Arrays.copyOfRange(pkcs8, 26, pkcs8.length);
        Path cert = Files.writeString(folder.resolve("rsa.pem"), own.getCertificatePEM());
        Path key = pem("rsa.key", "RSA PRIVATE KEY", pkcs1);
        try (Tls tls = Tls.of(files(cert, key, cert))) {
            X509ExtendedKeyManager keys = tls.keys().orElseThrow();
            String name = keys.chooseEngineServerAlias("RSA", null, null);
            assertEquals(own.getKeyPair().getPrivate(), keys.getPrivateKey(name));
        }
        Path ec = pem("ec.key", "EC PRIVATE KEY", new byte[9]);
        assertTrue(refusal(files(cert, ec, cert)).contains("openssl pkcs8 -topk8 -nocrypt -in"));
    }

    private Path pem(String name, String kind, byte[] bytes) throws Exception {
        String text = Base64.getMimeEncoder().encodeToString(bytes);
        return Files.writeString(
                folder.resolve(name), "-----BEGIN " + kind + "-----\n" + text + "\n-----END " + kind + "-----\n");
    }

    @Test
    void newFilesAreTakenOnceTheyFitAndTheOldOnesServeUntilThen() throws Exception {
        Authority authority = new Authority(folder, "ca");
        X509Bundle first = authority.issue("node", Duration.ofDays(1));
        X509Bundle second = authority.issue("node", Duration.ofDays(2));
        TlsFiles files = authority.write("node", first);
        try (Tls tls = Tls.of(files, Clock.systemUTC(), Duration.ofMillis(5))) {
            X509ExtendedKeyManager keys = tls.keys().orElseThrow();
            assertEquals(first.getCertificate(), shown(keys));
            String begun = keys.chooseEngineServerAlias("EC", null, null);
            Path cert = files.identity().orElseThrow().cert();
            // The key follows later: half a pair is nobody's.
            Files.writeString(cert, second.getCertificatePathPEM());
            await(() -> tls.complaint().contains("is not that of the certificate"));
            assertEquals(first.getCertificate(), shown(keys));
            authority.write("node", second);
            await(() -> shown(keys).equals(second.getCertificate()));
            // A handshake that has begun ends with what it began with.
            assertEquals(first.getCertificate(), keys.getCertificateChain(begun)[0]);
            assertEquals(first.getKeyPair().getPrivate(), keys.getPrivateKey(begun));
            Files.delete(cert);
            await(() -> tls.complaint().contains("there is no file"));
            assertEquals(second.getCertificate(), shown(keys));
        }
    }

    private static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < end, "never");
            LockSupport.parkNanos(1_000_000);
        }
    }
}
