package org.simreg.worker.data.store.s3;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpFullRequest;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpResponse;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;
import software.amazon.awssdk.http.auth.spi.signer.SignedRequest;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;
import software.amazon.awssdk.identity.spi.IdentityProvider;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.utils.http.SdkHttpUtils;

/**
 * The getting of stretches of objects by plain signed requests. The layers of the SDK's client cost two thirds of a
 * small request's processor time; the client is asked where the service answers with anything but the bytes.
 */
final class S3Get {
    private static final Pattern CODE = Pattern.compile("<Code>(\\w{1,100})</Code>");
    private static final int LONGEST_ERROR = 1 << 12;

    private final S3Client client;
    private final SdkHttpClient http;
    private final AwsV4HttpSigner signer = AwsV4HttpSigner.create();
    private final IdentityProvider<? extends AwsCredentialsIdentity> credentials;
    private final String region;

    /** Addresses of buckets, up to the key; none where only the client knows the way. */
    private final Map<String, Optional<String>> addresses = new ConcurrentHashMap<>();

    /**
     * @param client of the service
     * @param http that the client uses
     */
    S3Get(S3Client client, SdkHttpClient http) {
        this.client = client;
        this.http = http;
        // Each look at the client's settings copies them all.
        credentials = client.serviceClientConfiguration().credentialsProvider();
        region = client.serviceClientConfiguration().region().id();
    }

    S3Client client() {
        return client;
    }

    /**
     * Asks for a stretch.
     *
     * @param end behind its last byte
     * @throws IOException if nothing comes
     * @throws SdkException if the service refuses
     */
    ResponseInputStream<GetObjectResponse> get(ObjectName name, long from, long end) throws IOException {
        String range = "bytes=%d-%d".formatted(from, end - 1);
        Optional<String> address = addresses.computeIfAbsent(name.bucket(), this::address);
        if (address.isPresent()) {
            HttpExecuteResponse answer = plain(address.get() + SdkHttpUtils.urlEncodeIgnoreSlashes(name.key()), range);
            int status = answer.httpResponse().statusCode();
            if (status == 200 || status == 206) {
                return opened(answer);
            }
            String code = code(answer);
            if (status >= 500 || status == 429) {
                throw S3Exception.builder()
                        .statusCode(status)
                        .awsErrorDetails(
                                AwsErrorDetails.builder().errorCode(code).build())
                        .message(code)
                        .build();
            } else if (status <= 400) {
                // The bucket lies elsewhere.
                addresses.put(name.bucket(), Optional.empty());
            }
        }
        return client.getObject(
                request -> request.bucket(name.bucket()).key(name.key()).range(range));
    }

    private Optional<String> address(String bucket) {
        // Buckets with sessions or of other names than of hosts are the client's business.
        if (!bucket.matches("[a-z0-9][a-z0-9.-]*") || bucket.endsWith("--x-s3")) {
            return Optional.empty();
        }
        String url = client.utilities()
                .getUrl(request -> request.bucket(bucket).key("x"))
                .toString();
        return Optional.of(url.substring(0, url.length() - 1));
    }

    private HttpExecuteResponse plain(String address, String range) throws IOException {
        SdkHttpFullRequest request = SdkHttpFullRequest.builder()
                .method(SdkHttpMethod.GET)
                .uri(URI.create(address))
                .putHeader("Range", range)
                .build();
        AwsCredentialsIdentity identity = credentials.resolveIdentity().join();
        SignedRequest signed = signer.sign(way -> way.identity(identity)
                .request(request)
                .putProperty(AwsV4HttpSigner.SERVICE_SIGNING_NAME, "s3")
                .putProperty(AwsV4HttpSigner.REGION_NAME, region)
                .putProperty(AwsV4HttpSigner.DOUBLE_URL_ENCODE, false)
                .putProperty(AwsV4HttpSigner.NORMALIZE_PATH, false)
                .putProperty(AwsV4HttpSigner.PAYLOAD_SIGNING_ENABLED, false));
        return http.prepareRequest(
                        HttpExecuteRequest.builder().request(signed.request()).build())
                .call();
    }

    private static ResponseInputStream<GetObjectResponse> opened(HttpExecuteResponse answer) throws IOException {
        SdkHttpResponse head = answer.httpResponse();
        GetObjectResponse.Builder response = GetObjectResponse.builder();
        Optional<String> tag = head.firstMatchingHeader("ETag");
        tag.ifPresent(response::eTag);
        head.firstMatchingHeader("Content-Range").ifPresent(response::contentRange);
        head.firstMatchingHeader("Content-Length").map(Long::valueOf).ifPresent(response::contentLength);
        if (tag.isEmpty()) {
            // Only then does the time tell an object from what it was before.
            head.firstMatchingHeader("Last-Modified")
                    .map(text -> Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(text)))
                    .ifPresent(response::lastModified);
        }
        AbortableInputStream body = answer.responseBody().orElseThrow(() -> new IOException("no bytes came"));
        return new ResponseInputStream<>(response.build(), body);
    }

    private static String code(HttpExecuteResponse answer) throws IOException {
        if (answer.responseBody().isEmpty()) {
            return "";
        }
        try (InputStream body = answer.responseBody().get()) {
            Matcher code = CODE.matcher(new String(body.readNBytes(LONGEST_ERROR), StandardCharsets.UTF_8));
            return code.find() ? code.group(1) : "";
        }
    }
}
