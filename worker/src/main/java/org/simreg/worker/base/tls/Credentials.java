package org.simreg.worker.base.tls;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.simreg.proto.UserError;

/**
 * The key and trust managers made from the files as they were at one moment.
 *
 * @param keys none if the process has no certificate of its own
 * @param peers trust in the other ends of its connections
 * @param clients trust in clients; none if they aren't asked for certificates
 * @param end when the first of all these certificates expires
 */
record Credentials(
        Optional<X509ExtendedKeyManager> keys,
        X509ExtendedTrustManager peers,
        Optional<X509ExtendedTrustManager> clients,
        Instant end) {
    private static final char[] NO_PASSWORD = {};

    /**
     * Reads and checks all files.
     *
     * @throws UserError naming the file if one can't be read, is something else, has expired, or
     *     doesn't fit the others
     */
    static Credentials load(TlsFiles files, Instant now) {
        List<X509Certificate> peers = certificates(files.ca(), "--tls-ca", now);
        List<X509Certificate> all = new ArrayList<>(peers);
        Optional<X509ExtendedKeyManager> keys = files.identity().map(identity -> {
            List<X509Certificate> chain = certificates(identity.cert(), "--tls-cert", now);
            all.addAll(chain);
            return keys(identity, chain);
        });
        Optional<X509ExtendedTrustManager> clients = files.clientCa().map(ca -> {
            List<X509Certificate> issuers = certificates(ca, "--tls-client-ca", now);
            all.addAll(issuers);
            return trusted(issuers);
        });
        Instant end = all.stream()
                .map(one -> one.getNotAfter().toInstant())
                .min(Instant::compareTo)
                .orElseThrow();
        return new Credentials(keys, trusted(peers), clients, end);
    }

    private static X509ExtendedKeyManager keys(TlsFiles.Identity files, List<X509Certificate> chain) {
        PrivateKey key = Pem.key(Pem.read(files.key(), "--tls-key"), files.key(), "--tls-key");
        if (!fits(key, chain.get(0).getPublicKey())) {
            throw new UserError(
                    "The key in %s (--tls-key) is not that of the certificate in %s (--tls-cert); name a pair"
                            .formatted(files.key(), files.cert()));
        }
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, NO_PASSWORD);
            store.setKeyEntry("own", key, NO_PASSWORD, chain.toArray(X509Certificate[]::new));
            KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            factory.init(store, NO_PASSWORD);
            for (KeyManager one : factory.getKeyManagers()) {
                if (one instanceof X509ExtendedKeyManager keys) {
                    return keys;
                }
            }
            throw new IllegalStateException("this Java has no key manager for X.509");
        } catch (GeneralSecurityException | IOException e) {
            throw new UserError(
                    "The certificates in %s (--tls-cert) can't be used: %s".formatted(files.cert(), e.getMessage()), e);
        }
    }

    private static boolean fits(PrivateKey key, PublicKey certified) {
        String algorithm = switch (key.getAlgorithm()) {
            case "RSA" -> "SHA256withRSA";
            case "EC" -> "SHA256withECDSA";
            default -> "Ed25519";
        };
        byte[] text = {1, 2, 3};
        try {
            Signature signing = Signature.getInstance(algorithm);
            signing.initSign(key);
            signing.update(text);
            byte[] signature = signing.sign();
            signing.initVerify(certified);
            signing.update(text);
            return signing.verify(signature);
        } catch (GeneralSecurityException anotherKindOfKey) {
            return false;
        }
    }

    private static X509ExtendedTrustManager trusted(List<X509Certificate> issuers) {
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, NO_PASSWORD);
            for (X509Certificate one : issuers) {
                store.setCertificateEntry("ca-" + store.size(), one);
            }
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(store);
            for (TrustManager one : factory.getTrustManagers()) {
                if (one instanceof X509ExtendedTrustManager trust) {
                    return trust;
                }
            }
            throw new IllegalStateException("this Java has no trust manager for X.509");
        } catch (GeneralSecurityException | IOException e) {
            throw new UserError("The certificates of those to be trusted can't be used: " + e.getMessage(), e);
        }
    }

    private static List<X509Certificate> certificates(Path file, String option, Instant now) {
        List<X509Certificate> all = Pem.certificates(Pem.read(file, option), file, option);
        for (X509Certificate one : all) {
            Instant end = one.getNotAfter().toInstant();
            Instant begin = one.getNotBefore().toInstant();
            if (now.isAfter(end)) {
                throw new UserError("The certificate of %s in %s (%s) expired on %s; put a new one there"
                        .formatted(name(one), file, option, end));
            }
            if (now.isBefore(begin)) {
                throw new UserError(
                        "The certificate of %s in %s (%s) holds from %s on; look at this machine's clock, or put another there"
                                .formatted(name(one), file, option, begin));
            }
        }
        return all;
    }

    private static String name(X509Certificate certificate) {
        return certificate.getSubjectX500Principal().getName();
    }
}
