# The agent's image: the static command, and the certificates that it trusts, in a build context that holds nothing else.
#
#   docker build -f dockerfiles/agent.Dockerfile -t krunner/agent:1 FOLDER
#   docker run -d --name krunner-agent --pid host --privileged \
#     -v /var/lib/krunner:/var/lib/krunner:rshared -v /run/krunner:/run/krunner -v /run/docker/plugins:/run/docker/plugins \
#     -v /etc/krunner:/etc/krunner:ro krunner/agent:1
FROM scratch
COPY krunner /bin/krunner
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
# The store is where the configuration says, else /var/lib/krunner. What the agent says of it must be true for the node,
# too: mount it at the same path.
ENTRYPOINT ["/bin/krunner"]
CMD ["agent", "run", "--config", "/etc/krunner/agent.toml"]
