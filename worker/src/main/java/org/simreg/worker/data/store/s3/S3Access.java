package org.simreg.worker.data.store.s3;

import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import org.simreg.proto.UserError;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.regions.providers.AwsProfileRegionProvider;
import software.amazon.awssdk.regions.providers.InstanceProfileRegionProvider;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.S3Configuration;

/**
 * The way to an S3 service: endpoint, region and form of addresses, from the process's environment. Credentials come by
 * the SDK's own chain.
 *
 * @param endpoint of a service that isn't Amazon's
 * @param region named by the environment
 * @param pathStyle whether the bucket stands in the path of an address, not in its host
 * @param patience how long one request is tried again
 */
public record S3Access(Optional<URI> endpoint, Optional<String> region, boolean pathStyle, Duration patience) {
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final Duration CONNECT = Duration.ofSeconds(10);
    private static final Duration SILENCE = Duration.ofSeconds(30);
    private static final String PATH_STYLE = "SIMREG_S3_PATH_STYLE";
    private static final int CONNECTIONS_KEPT = 128;
    private static final String CONNECTIONS = "http.maxConnections";

    /** Clients are heavy, and safe for all threads. */
    private static final Map<S3Access, S3Get> CLIENTS = new ConcurrentHashMap<>();

    /**
     * As the environment says: {@code AWS_ENDPOINT_URL_S3} or {@code AWS_ENDPOINT_URL}, {@code AWS_REGION}, {@code
     * SIMREG_S3_PATH_STYLE}, or the SDK's system properties in their place.
     *
     * @throws UserError if one of them can't be understood
     */
    public static S3Access ofProcess() {
        return of(System::getenv, System::getProperty);
    }

    static S3Access of(UnaryOperator<String> variables, UnaryOperator<String> properties) {
        Optional<String> endpoint = Optional.ofNullable(properties.apply("aws.endpointUrlS3"))
                .or(() -> Optional.ofNullable(variables.apply("AWS_ENDPOINT_URL_S3")))
                .or(() -> Optional.ofNullable(properties.apply("aws.endpointUrl")))
                .or(() -> Optional.ofNullable(variables.apply("AWS_ENDPOINT_URL")))
                .filter(text -> !text.isBlank());
        Optional<String> region = Optional.ofNullable(properties.apply("aws.region"))
                .or(() -> Optional.ofNullable(variables.apply("AWS_REGION")))
                .filter(text -> !text.isBlank());
        boolean pathStyle = Optional.ofNullable(variables.apply(PATH_STYLE))
                .map(S3Access::isTrue)
                .orElse(endpoint.isPresent());
        return new S3Access(endpoint.map(S3Access::uri), region, pathStyle, PATIENCE);
    }

    private static boolean isTrue(String text) {
        if (!text.equals("true") && !text.equals("false")) {
            throw new UserError("The variable %s is '%s'; set it to true or false".formatted(PATH_STYLE, text));
        }
        return text.equals("true");
    }

    private static URI uri(String text) {
        try {
            URI uri = new URI(text);
            if (uri.getHost() != null && ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))) {
                return uri;
            }
        } catch (URISyntaxException e) {
            // The sentence below says what is wanted.
        }
        throw new UserError(
                "The variable AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL is '%s'; set it to http(s)://HOST:PORT"
                        .formatted(text));
    }

    /** The same with another patience. */
    public S3Access patient(Duration other) {
        return new S3Access(endpoint, region, pathStyle, other);
    }

    /** The service, for people. */
    String shown() {
        return endpoint.map(URI::toString).orElse("Amazon S3");
    }

    /** A client, the same for the same way. */
    S3Client client() {
        return gets().client();
    }

    /** The quick way to objects, the same for the same way. */
    S3Get gets() {
        return CLIENTS.computeIfAbsent(this, S3Access::made);
    }

    private S3Get made() {
        // Else the JDK keeps five idle connections a host, and every other request begins with a handshake.
        if (System.getProperty(CONNECTIONS) == null) {
            System.setProperty(CONNECTIONS, Integer.toString(CONNECTIONS_KEPT));
        }
        SdkHttpClient http = UrlConnectionHttpClient.builder()
                .connectionTimeout(CONNECT)
                .socketTimeout(SILENCE)
                .build();
        S3ClientBuilder builder = S3Client.builder()
                .httpClient(http)
                .overrideConfiguration(settings -> settings.retryStrategy(AwsRetryStrategy.doNotRetry())
                        .addExecutionInterceptor(new AnswerBound()))
                .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
                .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
                // The JDK's client would wait for a word that not every service and proxy says.
                .serviceConfiguration(S3Configuration.builder()
                        .expectContinueEnabled(false)
                        .pathStyleAccessEnabled(pathStyle)
                        .build());
        endpoint.ifPresent(builder::endpointOverride);
        Optional<Region> known = region.map(Region::of).or(S3Access::ofProfile);
        if (endpoint.isEmpty()) {
            known = known.or(S3Access::ofMachine);
            // A bucket elsewhere says where.
            builder.crossRegionAccessEnabled(true);
        }
        return new S3Get(builder.region(known.orElse(Region.US_EAST_1)).build(), http);
    }

    private static Optional<Region> ofProfile() {
        try {
            return Optional.ofNullable(new AwsProfileRegionProvider().getRegion());
        } catch (SdkClientException none) {
            return Optional.empty();
        }
    }

    private static Optional<Region> ofMachine() {
        try {
            return Optional.ofNullable(new InstanceProfileRegionProvider().getRegion());
        } catch (SdkClientException none) {
            return Optional.empty();
        }
    }
}
