package org.simreg.worker.base.tls;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.UserFile;

/** The reader of PEM files: certificates and private keys. Every problem names the file. */
final class Pem {
    private static final Pattern BLOCK = Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \\1-----");
    private static final List<String> ALGORITHMS = List.of("RSA", "EC", "Ed25519");

    /** Longer than any key, chain or system's bundle of authorities. */
    private static final int LONGEST = 1 << 20;

    /** Version 0, algorithm rsaEncryption without parameters, in DER. */
    private static final byte[] RSA_HEAD = {
        2, 1, 0, 0x30, 13, 6, 9, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 13, 1, 1, 1, 5, 0
    };

    private Pem() {}

    /** The bytes of a file. */
    static byte[] read(Path file, String option) {
        try {
            return UserFile.bytes(file, LONGEST);
        } catch (NoSuchFileException e) {
            throw new UserError("%s: there is no file %s".formatted(option, file), e);
        } catch (IOException e) {
            throw new UserError(
                    "%s: %s can't be read as a PEM file: %s; name another".formatted(option, file, Disk.reason(e)), e);
        }
    }

    /** The certificates of a file, at least one. */
    static List<X509Certificate> certificates(byte[] text, Path file, String option) {
        try {
            List<X509Certificate> found =
                    CertificateFactory.getInstance("X.509")
                            .generateCertificates(new ByteArrayInputStream(text))
                            .stream()
                            .map(X509Certificate.class::cast)
                            .toList();
            if (!found.isEmpty()) {
                return found;
            }
        } catch (CertificateException e) {
            throw noCertificate(file, option, ": " + e.getMessage(), e);
        }
        throw noCertificate(file, option, "", null);
    }

    private static UserError noCertificate(Path file, String option, String why, CertificateException cause) {
        return new UserError(
                "%s: %s holds no certificate in PEM form%s; name a file with BEGIN CERTIFICATE in it"
                        .formatted(option, file, why),
                cause);
    }

    /** The first private key of a file. */
    static PrivateKey key(byte[] text, Path file, String option) {
        Matcher block = BLOCK.matcher(new String(text, StandardCharsets.ISO_8859_1));
        while (block.find()) {
            switch (block.group(1)) {
                case "PRIVATE KEY" -> {
                    return unwrapped(base64(block.group(2), file, option), file, option);
                }
                case "RSA PRIVATE KEY" -> {
                    byte[] bytes = base64(block.group(2), file, option);
                    return unwrapped(sequence(RSA_HEAD, tagged(4, bytes)), file, option);
                }
                case "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY" ->
                    throw new UserError(
                            "%s: %s holds an %s, which isn't read; 'openssl pkcs8 -topk8 -nocrypt -in %s' gives one that is"
                                    .formatted(option, file, block.group(1), file));
                // Parameters of a curve may stand before the key.
                default -> {}
            }
        }
        throw new UserError("%s: %s holds no private key in PEM form; name a file with BEGIN PRIVATE KEY in it"
                .formatted(option, file));
    }

    private static byte[] base64(String text, Path file, String option) {
        try {
            return Base64.getMimeDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            throw new UserError("%s: the key in %s is damaged: %s".formatted(option, file, e.getMessage()), e);
        }
    }

    private static PrivateKey unwrapped(byte[] pkcs8, Path file, String option) {
        for (String algorithm : ALGORITHMS) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
            } catch (InvalidKeySpecException another) {
                continue;
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException("this Java has no " + algorithm, e);
            }
        }
        throw new UserError(
                "%s: the key in %s is damaged, or none of %s".formatted(option, file, String.join(", ", ALGORITHMS)));
    }

    private static byte[] sequence(byte[] first, byte[] second) {
        ByteArrayOutputStream both = new ByteArrayOutputStream();
        both.writeBytes(first);
        both.writeBytes(second);
        return tagged(0x30, both.toByteArray());
    }

    /** At most 64 KiB, more than any key. */
    private static byte[] tagged(int tag, byte[] content) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(tag);
        if (content.length < 0x80) {
            out.write(content.length);
        } else if (content.length < 0x100) {
            out.write(0x81);
            out.write(content.length);
        } else {
            out.write(0x82);
            out.write(content.length >> 8);
            out.write(content.length);
        }
        out.writeBytes(content);
        return out.toByteArray();
    }
}
