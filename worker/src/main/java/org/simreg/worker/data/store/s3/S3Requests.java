package org.simreg.worker.data.store.s3;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import javax.xml.stream.XMLStreamException;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.Abandoned;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.AbortedException;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;

/**
 * Requests to a service that may be busy or badly reached: what may pass is tried again after growing pauses of random
 * length, and named when patience ends; what won't pass is named at once.
 *
 * @param access to the service
 */
record S3Requests(S3Access access) {
    private static final Logger LOG = LoggerFactory.getLogger(S3Requests.class);
    private static final long FIRST_PAUSE = 25;
    private static final long LONGEST_PAUSE = 20_000;
    private static final long LOOK_UP = 100;

    /** As long nobody is told that a request is tried again. */
    private static final Duration SILENT = Duration.ofSeconds(4);

    private static final Duration BETWEEN = Duration.ofSeconds(30);

    /** When it was told last. */
    private static final AtomicLong SAID = new AtomicLong();

    private static final Set<String> PASSING =
            Set.of("RequestTimeout", "SlowDown", "RequestTimeTooSkewed", "InternalError");

    /** One attempt at a request. */
    interface Attempt<T> {
        /**
         * @throws IOException if what came isn't what was asked for
         * @throws SdkException if nothing came
         */
        T run() throws IOException;
    }

    /**
     * Makes a request.
     *
     * @param what it asks for, for people
     * @param wanted whether the caller still waits
     * @throws UserError if it can't be had
     * @throws CancellationException if it isn't wanted any more
     */
    <T> T call(String what, BooleanSupplier wanted, Attempt<T> attempt) {
        long begun = System.nanoTime();
        for (int failed = 1; ; failed++) {
            try {
                return attempt.run();
            } catch (AbortedException e) {
                throw new Abandoned("interrupted");
            } catch (IOException | SdkException e) {
                refuse(what, e);
                Duration waited = Duration.ofNanos(System.nanoTime() - begun);
                if (waited.compareTo(access.patience()) >= 0) {
                    throw new UserError(
                            "%s can't be had from %s after %d attempts in %d s, the last: %s; look at the service, then start the job again"
                                    .formatted(what, access.shown(), failed, waited.toSeconds(), reason(e)),
                            e);
                }
                LOG.debug("{}: attempt {} failed: {}", what, failed, reason(e));
                if (waited.compareTo(SILENT) >= 0 && isToSay(System.nanoTime())) {
                    LOG.warn(
                            "{} can't be had from {} yet, tried for {} s, the last: {}; it is tried again, for {} s in all",
                            what,
                            access.shown(),
                            waited.toSeconds(),
                            reason(e),
                            access.patience().toSeconds());
                }
                pause(failed, wanted);
            }
        }
    }

    /** Many threads wait for one service: one of them says so, and again after a while. */
    private static boolean isToSay(long now) {
        long last = SAID.get();
        return (last == 0 || now - last > BETWEEN.toNanos()) && SAID.compareAndSet(last, now);
    }

    private static void pause(int failed, BooleanSupplier wanted) {
        long most = Math.min(LONGEST_PAUSE, FIRST_PAUSE << Math.min(failed, 10));
        long until = System.nanoTime()
                + Duration.ofMillis(ThreadLocalRandom.current().nextLong(most / 2, most + 1))
                        .toNanos();
        while (System.nanoTime() < until) {
            if (!wanted.getAsBoolean()) {
                throw new CancellationException("nobody waits for it any more");
            }
            try {
                Thread.sleep(Math.min(LOOK_UP, Math.max(1, (until - System.nanoTime()) / 1_000_000)));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new Abandoned("interrupted");
            }
        }
    }

    /** What doesn't pass by waiting becomes a sentence. */
    private void refuse(String what, Exception e) {
        if (e instanceof AwsServiceException service) {
            int status = service.statusCode();
            if (status >= 500 || status == 429 || status == 408 || PASSING.contains(code(service))) {
                return;
            }
            throw new UserError(
                    "%s can't be had from %s: %s".formatted(what, access.shown(), sentence(service, status)), e);
        }
        boolean line = e instanceof IOException || isCausedByLine(e);
        if (!line && e instanceof SdkClientException) {
            String message = String.valueOf(e.getMessage());
            throw new UserError(
                    message.contains("credentials")
                            ? "%s can't be had from %s without credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or the pod's role"
                                    .formatted(what, access.shown())
                            : "%s can't be had from %s: %s".formatted(what, access.shown(), message),
                    e);
        }
    }

    /** An answer that was cut is no XML. */
    private static boolean isCausedByLine(Throwable e) {
        for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
            if (cause instanceof IOException || cause instanceof XMLStreamException) {
                return true;
            }
        }
        return false;
    }

    private static String code(AwsServiceException e) {
        return Optional.ofNullable(e.awsErrorDetails())
                .map(AwsErrorDetails::errorCode)
                .orElse("");
    }

    private static String sentence(AwsServiceException e, int status) {
        String code = code(e);
        if (code.equals("NoSuchBucket")) {
            return "there is no such bucket; check its name and the endpoint";
        } else if (status == 404) {
            return "there is no such object; put it back, or check the name";
        } else if (status == 403) {
            return "access is denied (%s); the credentials need s3:GetObject and s3:ListBucket on the bucket"
                    .formatted(code.isEmpty() ? status : code);
        }
        return reason(e) + "; check endpoint, region and credentials";
    }

    private static String reason(Exception e) {
        if (e instanceof AwsServiceException service) {
            String code = code(service);
            return "it answers %d%s".formatted(service.statusCode(), code.isEmpty() ? "" : " " + code);
        }
        Throwable last = e;
        while (last.getCause() != null) {
            last = last.getCause();
        }
        if (last instanceof XMLStreamException) {
            return "the answer is no whole XML, "
                    + last.getMessage().lines().findFirst().orElse("");
        }
        return last.getMessage() == null ? last.toString() : last.getMessage();
    }
}
