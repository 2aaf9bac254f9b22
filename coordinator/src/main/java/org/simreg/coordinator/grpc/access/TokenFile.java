package org.simreg.coordinator.grpc.access;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.NamedThreads;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.Sha256;
import org.simreg.worker.base.io.UserFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file of the tokens that a coordinator knows: lines of {@code ROLE SHA256-OF-TOKEN NAME},
 * empty lines, and comments after {@code #}. The file is read again when a token is looked up, at
 * most once a period; while a new one is wrong, the tokens of the one before hold. Safe for use by
 * any thread.
 */
public final class TokenFile {
    static final String NAME = "[\\p{L}\\p{N}._@-]{1,100}";

    private static final Logger LOG = LoggerFactory.getLogger(TokenFile.class);
    private static final Pattern LINE = Pattern.compile("(\\w+)\\s+([0-9a-fA-F]{64})\\s+(" + NAME + ")");
    private static final int LONGEST = 1 << 20;
    private static final long PATIENCE_MS = 200;
    private static final Duration IDLE = Duration.ofSeconds(30);

    private final Path file;
    private final long periodNanos;
    private final Function<Path, byte[]> reader;
    private final Executor thread = NamedThreads.pool(NamedThreads.named("simreg-tokens"), 1, IDLE);
    private volatile byte[] text;
    private volatile List<Bearer> bearers;

    /** Guarded by this. */
    private long looked = System.nanoTime();

    /** Guarded by this. */
    private CompletableFuture<Void> look = CompletableFuture.completedFuture(null);

    /**
     * @param period how long what was read holds
     * @throws UserError if the file can't be read or a line is wrong
     */
    TokenFile(Path file, Duration period) {
        this(file, period, TokenFile::read);
    }

    TokenFile(Path file, Duration period, Function<Path, byte[]> reader) {
        this.file = file;
        this.reader = reader;
        periodNanos = period.toNanos();
        text = reader.apply(file);
        bearers = parse(text, file);
        if (bearers.isEmpty()) {
            LOG.warn("{} names no token: nobody can call anything", file);
        }
    }

    private static byte[] read(Path file) {
        try {
            return UserFile.bytes(file, LONGEST);
        } catch (IOException e) {
            throw new UserError(
                    "--tokens: %s can't be read: %s; 'simreg token' makes lines for it".formatted(file, Disk.reason(e)),
                    e);
        }
    }

    private static List<Bearer> parse(byte[] text, Path file) {
        List<Bearer> bearers = new ArrayList<>();
        int number = 0;
        for (String line : new String(text, StandardCharsets.UTF_8).split("\n")) {
            number++;
            String content = line.replaceFirst("#.*", "").strip();
            if (!content.isEmpty()) {
                bearers.add(bearer(content, "--tokens: " + file + " line " + number));
            }
        }
        return List.copyOf(bearers);
    }

    private static Bearer bearer(String line, String place) {
        Matcher parts = LINE.matcher(line);
        if (!parts.matches()) {
            throw new UserError(place + " is not ROLE SHA256-OF-TOKEN NAME; 'simreg token' prints such lines");
        }
        for (Rights.Role role : Rights.Role.values()) {
            if (role.toString().equals(parts.group(1).toLowerCase(Locale.ROOT))) {
                return new Bearer(role, HexFormat.of().parseHex(parts.group(2)), parts.group(3));
            }
        }
        throw new UserError(
                "%s: '%s' is no role; choose read, submit, operate or worker".formatted(place, parts.group(1)));
    }

    /** The bearer of a token, if it is known. Takes the same time whichever it is. */
    Optional<Bearer> find(String token) {
        byte[] digest = Bearer.digest(token);
        Bearer found = null;
        for (Bearer one : newest()) {
            found = one.is(digest) ? one : found;
        }
        return Optional.ofNullable(found);
    }

    /** Who asks may be an event loop: where the file's storage doesn't answer, what was read before holds. */
    private synchronized List<Bearer> newest() {
        long now = System.nanoTime();
        if (now - looked >= periodNanos && look.isDone()) {
            looked = now;
            look = CompletableFuture.runAsync(this::look, thread);
            try {
                look.get(PATIENCE_MS, TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                LOG.warn("{} does not answer: the tokens stay what they were until it does", file);
            } catch (ExecutionException e) {
                LOG.error("The tokens can't be read again", e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        return bearers;
    }

    private void look() {
        try {
            byte[] found = reader.apply(file);
            if (!Arrays.equals(found, text)) {
                // Remembered first: a wrong one is complained of once.
                text = found;
                bearers = parse(found, file);
                LOG.info("{} has changed: {} tokens hold", file, bearers.size());
            }
        } catch (UserError e) {
            LOG.warn("The tokens stay what they were: {}", e.getMessage());
        }
    }

    /**
     * The bearer of a token: role, name and the token's digest. The token itself is kept nowhere.
     *
     * @param digest SHA-256 of the token's text
     * @param name for messages and the log
     */
    record Bearer(Rights.Role role, byte[] digest, String name) {
        private static final HexFormat HEX = HexFormat.of();

        static Bearer of(Rights.Role role, String token, String name) {
            return new Bearer(role, digest(token), name);
        }

        static byte[] digest(String token) {
            return new Sha256().bytes(token.getBytes(StandardCharsets.UTF_8)).digest();
        }

        /** Takes the same time for every digest. */
        boolean is(byte[] other) {
            return MessageDigest.isEqual(digest, other);
        }

        /** Its line in the tokens file. */
        String line() {
            return role + " " + HEX.formatHex(digest) + " " + name;
        }
    }

    /**
     * A new token, with its line for the tokens file.
     *
     * @param token 256 random bits as text, for its bearer
     * @param line for the coordinator's tokens file; the token can't be found from it
     */
    public record NewToken(String token, String line) {
        private static final int RANDOM_BYTES = 32;

        /**
         * Makes a token.
         *
         * @param name of its bearer, for messages and the log
         * @throws UserError if the name can't stand in a line
         */
        public static NewToken of(Rights.Role role, String name) {
            if (!name.matches(TokenFile.NAME)) {
                throw new UserError(
                        "'%s' can't name a token; take letters, digits and . _ @ - only, up to 100".formatted(name));
            }
            String token = random();
            return new NewToken(token, Bearer.of(role, token, name).line());
        }

        private static String random() {
            byte[] random = new byte[RANDOM_BYTES];
            new SecureRandom().nextBytes(random);
            return "simreg_" + Base64.getUrlEncoder().withoutPadding().encodeToString(random);
        }
    }
}
