{{- define "simreg.labels" -}}
app.kubernetes.io/name: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "simreg.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "simreg.workerImage" -}}
{{- if .Values.worker.gpu.enabled -}}
{{ .Values.worker.gpu.repository }}:{{ .Values.worker.gpu.tag | default .Chart.AppVersion }}
{{- else -}}
{{ include "simreg.image" . }}
{{- end -}}
{{- end }}

{{- define "simreg.podSecurity" -}}
runAsNonRoot: true
{{- with .Values.podSecurity }}
{{- if .user }}
runAsUser: {{ .user }}
{{- end }}
{{- if .group }}
runAsGroup: {{ .group }}
{{- end }}
{{- if .fsGroup }}
fsGroup: {{ .fsGroup }}
{{- end }}
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "simreg.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "simreg.bucketEnv" -}}
{{- if and .Values.data.bucket.enabled .Values.data.bucket.secret }}
- secretRef:
    name: {{ .Values.data.bucket.secret }}
{{- end }}
{{- end }}

{{- define "simreg.dataMount" -}}
{{- if .Values.data.claim }}
- name: data
  mountPath: /data
  readOnly: true
{{- end }}
{{- end }}

{{- define "simreg.dataVolume" -}}
{{- if .Values.data.claim }}
- name: data
  persistentVolumeClaim:
    claimName: {{ .Values.data.claim }}
    readOnly: true
{{- end }}
{{- end }}

{{- define "simreg.nodes" -}}
{{- $os := dict "kubernetes.io/os" "linux" -}}
{{- if .root.Values.image.arch -}}
{{- $_ := set $os "kubernetes.io/arch" .root.Values.image.arch -}}
{{- end -}}
{{- toYaml (mergeOverwrite $os (deepCopy .own)) -}}
{{- end }}

{{- define "simreg.priority" -}}
{{- if .name -}}
{{ .name }}
{{- else if .root.Values.priorityClasses.create -}}
{{ .root.Release.Name }}-{{ .part }}
{{- end -}}
{{- end }}

{{- define "simreg.scheme" -}}
{{- if .Values.secure.enabled -}}
scheme: HTTPS
{{- end -}}
{{- end }}

{{- define "simreg.tlsEnv" -}}
{{- if .Values.secure.enabled }}
- name: SIMREG_TLS_CERT
  value: /etc/simreg/tls/tls.crt
- name: SIMREG_TLS_KEY
  value: /etc/simreg/tls/tls.key
- name: SIMREG_TLS_CA
  value: /etc/simreg/tls/ca.crt
{{- end }}
{{- end }}

{{- define "simreg.tlsMount" -}}
{{- if .Values.secure.enabled }}
- name: tls
  mountPath: /etc/simreg/tls
  readOnly: true
{{- end }}
{{- end }}

{{- define "simreg.tlsVolume" -}}
{{- if .Values.secure.enabled }}
- name: tls
  secret:
    secretName: {{ .Values.secure.tlsSecret }}
    defaultMode: 0440
{{- end }}
{{- end }}

{{- /* The pod of a client that asks for the workers, and ends once the coordinator answers. */ -}}
{{- define "simreg.asking" -}}
restartPolicy: Never
serviceAccountName: {{ .Release.Name }}-worker
automountServiceAccountToken: false
enableServiceLinks: false
nodeSelector: {{- include "simreg.nodes" (dict "root" . "own" dict) | nindent 2 }}
securityContext:
  {{- include "simreg.podSecurity" . | nindent 2 }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
containers:
  - name: ask
    image: {{ include "simreg.image" . }}
    imagePullPolicy: {{ .Values.image.pullPolicy }}
    args:
      - workers
      - --coordinator=$(SIMREG_COORDINATOR)
      - --wait=600
      {{- if .Values.secure.enabled }}
      - --token-file=/etc/simreg/token/token
      {{- end }}
    {{- with include "simreg.tlsEnv" . | trim }}
    env: {{- . | nindent 6 }}
    {{- end }}
    envFrom:
      - configMapRef:
          name: {{ .Release.Name }}
    resources:
      requests: {cpu: 100m, memory: 512Mi}
      limits: {cpu: "1", memory: 512Mi}
    securityContext: {{- include "simreg.containerSecurity" . | nindent 6 }}
    volumeMounts:
      {{- include "simreg.tlsMount" . | nindent 6 }}
      {{- if .Values.secure.enabled }}
      - name: token
        mountPath: /etc/simreg/token
        readOnly: true
      {{- end }}
      - name: tmp
        mountPath: /tmp
volumes:
  {{- include "simreg.tlsVolume" . | nindent 2 }}
  {{- if .Values.secure.enabled }}
  - name: token
    secret:
      secretName: {{ .Values.secure.clientTokenSecret }}
      defaultMode: 0440
  {{- end }}
  - name: tmp
    emptyDir:
      sizeLimit: 64Mi
{{- end }}
