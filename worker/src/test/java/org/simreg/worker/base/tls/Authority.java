package org.simreg.worker.base.tls;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** A certificate authority for a test, with a folder of its own. */
public final class Authority {
    private final Path folder;
    private final X509Bundle root;

    public Authority(Path folder, String name) {
        this.folder = folder;
        try {
            Files.createDirectories(folder);
            root = certificate(name).setIsCertificateAuthority(true).buildSelfSigned();
            Files.writeString(ca(), root.getCertificatePEM());
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    public Path ca() {
        return folder.resolve("ca.pem");
    }

    private static CertificateBuilder certificate(String name) {
        Instant now = Instant.now();
        return new CertificateBuilder()
                .subject("CN=" + name)
                .notBefore(now.minus(Duration.ofDays(30)))
                .notAfter(now.plus(Duration.ofDays(1)))
                .ecp256();
    }

    /** For a process of this machine. */
    public X509Bundle issue(String name, Duration left) {
        try {
            return certificate(name)
                    .notAfter(Instant.now().plus(left))
                    .addSanDnsName("localhost")
                    .addSanIpAddress("127.0.0.1")
                    .buildIssuedBy(root);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** Writes a certificate and its key, or puts them in the place of those before. */
    public TlsFiles write(String name, X509Bundle bundle) {
        Path cert = replace(name + ".pem", bundle.getCertificatePathPEM());
        Path key = replace(name + ".key", bundle.getPrivateKeyPEM());
        return new TlsFiles(Optional.of(new TlsFiles.Identity(cert, key)), ca(), Optional.empty());
    }

    public TlsFiles identity(String name) {
        return write(name, issue(name, Duration.ofDays(1)));
    }

    private Path replace(String name, String text) {
        try {
            Path fresh = Files.writeString(folder.resolve(name + ".new"), text);
            return Files.move(fresh, folder.resolve(name), StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
